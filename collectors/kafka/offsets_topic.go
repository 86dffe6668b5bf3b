package kafka

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/collectors/kafka/offsetstopic"
	"github.com/lostorder/lostorder/collectors/kafka/records"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	offsetsTopicName = "__consumer_offsets"
	// offsetsBytes and offsetsTotal bound how much is read of one partition and of one broker
	// at a time, and offsetsFetches how often in one reading. What does not fit is passed over.
	offsetsBytes   = 1 << 20
	offsetsTotal   = 8 << 20
	offsetsFetches = 32
	// checkpoints ends the name of a topic that MirrorMaker 2 writes beside the offsets of groups.
	checkpoints = ".checkpoints.internal"
	// unclearFor is how long a move with an unknown cause stays a warning.
	unclearFor = time.Hour
)

// offsetsTopic is how far __consumer_offsets was read, and what it showed.
type offsetsTopic struct {
	follower offsetstopic.Follower
	id       sarama.Uuid
	next     []int64 // by partition; Unknown: it is read from its end
	missed   string  // why records were missed in the last reading

	denied signal.Instant         // when READ was refused
	moves  []offsetstopic.Move    // of the last reading, to be shown in the next
	lost   []unclear              // moves that may have skipped messages
	ids    map[string]sarama.Uuid // of the watched topics
	kept   offsetsKept
}

type unclear struct {
	text string
	at   signal.Instant
}

// followOffsetsTopic shows the moves of the last reading, whose ends are now known, and reads on.
func (r *reading) followOffsetsTopic() {
	if !r.config.Commits.Topic {
		return
	}
	o := r.history.offsetsTopic
	if o == nil {
		o = &offsetsTopic{}
		r.history.offsetsTopic = o
	}
	o.follower.Watches = func(group, topic string) bool {
		return r.config.watchesGroup(group) && (topic == "" || r.config.watchesTopic(topic))
	}
	o.follower.Before = r.committedBefore
	r.dropRecreated(o)
	r.showMoves(o)
	r.readOffsetsTopic(o)
	o.moves = append(o.moves, o.follower.Moves()...)
	r.warnOffsetsTopic(o)
	r.expireOffsets(o)
}

// committedBefore returns what was committed as of the last reading.
func (r *reading) committedBefore(p offsetstopic.Position) int64 {
	past := r.history.queues[queueKey{p.Topic, p.Group}]
	if past == nil || past.seen != r.history.reading-1 || int(p.Partition) >= len(past.commits) || !past.commits[p.Partition].since.Known() {
		return signal.Unknown
	}
	return past.commits[p.Partition].offset
}

// dropRecreated forgets the offsets of topics that were deleted or recreated.
func (r *reading) dropRecreated(o *offsetsTopic) {
	ids := make(map[string]sarama.Uuid, len(r.topics))
	for i := range r.topics {
		if t := &r.topics[i]; t.watched {
			ids[t.name] = t.id
		}
	}
	for name, id := range o.ids {
		if now, ok := ids[name]; !ok || now != id {
			o.follower.DropTopic(name)
			o.moves = slices.DeleteFunc(o.moves, func(m offsetstopic.Move) bool { return m.Topic == name })
		}
	}
	o.ids = ids
}

// readOffsetsTopic reads each partition from where it was read to. What brokers said of the
// groups was so before they were asked here, so it holds at the end of what is read.
func (r *reading) readOffsetsTopic(o *offsetsTopic) {
	if o.denied.Known() && r.now.Sub(o.denied) < deniedFor {
		return
	}
	o.denied, o.missed = 0, ""
	i, listed := r.byName[offsetsTopicName]
	if !listed {
		r.miss(o, r.whyNotListed(o))
		return
	}
	t := &r.topics[i]
	if o.id != t.id || len(o.next) != len(t.leaders) {
		if o.next != nil {
			r.miss(o, "the topic was recreated")
		}
		o.id, o.next = t.id, make([]int64, len(t.leaders))
		for p := range o.next {
			o.next[p] = signal.Unknown
		}
	}
	begins := slices.ContainsFunc(o.next, func(offset int64) bool { return offset < 0 })
	whole := make([]bool, len(t.leaders))
	r.cluster.Each(func(n *client.Node) {
		var parts []int32
		for p, leader := range t.leaders {
			if leader == n.ID {
				parts = append(parts, int32(p))
			}
		}
		r.findOffsetsEnds(n, o, parts)
		r.readOffsetsFrom(n, o, parts, whole)
	})
	if o.denied.Known() {
		r.miss(o, "")
		return
	}
	if slices.Contains(whole, false) {
		// The records of the groups on it may come later. Until then what brokers say of groups
		// may be newer than what was read.
		if o.missed == "" {
			o.missed = "a partition of it cannot be read now"
		}
		return
	}
	if begins {
		return // members may have joined between the broker's answer and where it is read from
	}
	polled := map[string]offsetstopic.Polled{}
	for _, groups := range r.groups {
		for _, g := range groups {
			managed := g.kind != typeShare && !g.simple()
			polled[g.name] = offsetstopic.Polled{Empty: managed && g.state == stateEmpty, Managed: managed, Epochs: g.epochs}
		}
	}
	o.follower.Poll(polled)
}

// miss notes that records were missed, and why.
func (r *reading) miss(o *offsetsTopic, why string) {
	o.follower.Forget()
	o.next = nil
	if why != "" {
		o.missed = why
	}
}

// whyNotListed asks why the topic is not listed. Where no group ever committed, it does not
// exist.
func (r *reading) whyNotListed(o *offsetsTopic) string {
	answer, err := r.cluster.MetadataOf(r.ctx, []string{offsetsTopicName})
	if err != nil {
		return "it is unknown whether it exists"
	}
	for _, t := range answer.Topics {
		if errors.Is(t.Err, sarama.ErrTopicAuthorizationFailed) {
			o.denied = r.now
		}
	}
	return ""
}

// findOffsetsEnds finds where to begin on the partitions that were not read yet.
func (r *reading) findOffsetsEnds(n *client.Node, o *offsetsTopic, parts []int32) {
	request := sarama.NewOffsetRequest(r.cluster.Version())
	some := false
	for _, p := range parts {
		if o.next[p] < 0 {
			request.AddBlock(offsetsTopicName, p, atEnd, 1)
			some = true
		}
	}
	if !some {
		return
	}
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.OffsetResponse, error) {
		return b.GetAvailableOffsets(request)
	})
	if err != nil {
		return // the partitions stay unread
	}
	for p, block := range answer.Blocks[offsetsTopicName] {
		if errors.Is(block.Err, sarama.ErrNoError) && slices.Contains(parts, p) {
			o.next[p] = max(0, offsetOf(block))
		}
	}
}

// readOffsetsFrom reads the partitions that a broker leads up to their ends.
func (r *reading) readOffsetsFrom(n *client.Node, o *offsetsTopic, parts []int32, whole []bool) {
	rest := slices.DeleteFunc(slices.Clone(parts), func(p int32) bool { return o.next[p] < 0 })
	for range offsetsFetches {
		if len(rest) == 0 || r.ctx.Err() != nil {
			return
		}
		answer, err := n.Fetch(r.ctx, offsetsRequest(o, rest))
		if err != nil {
			return
		}
		left := rest[:0:0]
		for i := range answer.Topics {
			for j := range answer.Topics[i].Partitions {
				part := &answer.Topics[i].Partitions[j]
				if !slices.Contains(rest, part.Partition) {
					continue
				}
				if r.takeOffsets(o, part) {
					whole[part.Partition] = part.ErrorCode == 0
				} else {
					left = append(left, part.Partition)
				}
			}
		}
		// Only the first partition is sure to get room for a whole batch, so the others go first.
		slices.SortFunc(left, func(a, b int32) int { return slices.Index(rest, b) - slices.Index(rest, a) })
		rest = left
	}
	if len(rest) > 0 {
		r.mu.Lock()
		defer r.mu.Unlock()
		o.follower.Forget()
		o.missed = "it grows faster than it is read"
		for _, p := range rest {
			o.next[p] = signal.Unknown
		}
	}
}

func offsetsRequest(o *offsetsTopic, parts []int32) *kmsg.FetchRequest {
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID, request.MaxBytes, request.SessionEpoch = -1, offsetsTotal, -1
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = offsetsTopicName
	for _, p := range parts {
		part := kmsg.NewFetchRequestTopicPartition()
		part.Partition, part.FetchOffset, part.PartitionMaxBytes = p, o.next[p], offsetsBytes
		topic.Partitions = append(topic.Partitions, part)
	}
	request.Topics = append(request.Topics, topic)
	return request
}

// takeOffsets takes what one answer shows of a partition, and reports whether nothing more is
// to be read of it now.
func (r *reading) takeOffsets(o *offsetsTopic, part *kmsg.FetchResponseTopicPartition) (done bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := &o.next[part.Partition]
	switch sarama.KError(part.ErrorCode) {
	case sarama.ErrNoError:
	case sarama.ErrTopicAuthorizationFailed:
		o.denied = r.now
		return true
	case sarama.ErrOffsetOutOfRange:
		*next, o.missed = signal.Unknown, "its log was cut"
		o.follower.Forget()
		return true
	default:
		return true // its leader is changing; the next reading resumes here
	}
	expected, gap := *next, false
	keep := records.Keep{Key: offsetstopic.Longest, Value: offsetstopic.Longest, Control: true}
	resume := records.ScanAll(part.RecordBatches, nil, *next, keep, func(one records.Record) bool {
		gap = gap || one.Offset != expected || !one.Control && len(one.Key) == 0
		if gap {
			return false
		}
		expected = one.Offset + 1
		if !one.Control {
			taken := offsetstopic.Parse(one.Key, one.Value, one.Deleted)
			taken.Transactional = one.Transactional
			if taken.At <= 0 {
				taken.At = one.Timestamp
			}
			o.follower.Take(taken)
		}
		return true
	})
	if gap || resume > expected {
		// Compaction removed records before they were read, or they are not readable.
		o.follower.Forget()
		o.missed = "records in it were removed before they were read"
	}
	*next = max(*next, resume)
	return *next >= part.HighWatermark
}

// showMoves puts the moves of the last reading into their queues, clipped to what can still be
// read, and reads whether messages are in them.
func (r *reading) showMoves(o *offsetsTopic) {
	type shown struct {
		queue *queue
		move  signal.OffsetMove
	}
	var all []shown
	var fetches []*fetch
	var later []offsetstopic.Move
	place := r.config.orderIDPlace()
	var queues map[queueKey]*queue
	if len(o.moves) > 0 {
		queues = r.queuesByKey()
	}
	mirrored := slices.ContainsFunc(r.topics, func(t topic) bool { return strings.HasSuffix(t.name, checkpoints) })
	for _, m := range o.moves {
		if m.By == offsetstopic.Outsider && mirrored {
			continue // the mirror follows consumers in another cluster, which received the messages
		}
		q := queues[queueKey{m.Topic, m.Group}]
		p := r.partOf(q, m.Partition)
		if p == nil || p.End < 0 || p.Start < 0 || len(fetches) >= samplesPerReading {
			if r.now.Sub(signal.Instant(m.At)) < unclearFor {
				later = append(later, m)
			}
			continue
		}
		from, to := max(m.From, p.Start), min(m.To, p.End)
		if p.Committed >= 0 {
			to = min(to, p.Committed) // it was set back
		}
		if from >= to || q.leftOver {
			continue
		}
		t := &r.topics[q.topic]
		one := shown{q, signal.OffsetMove{Partition: m.Partition, From: from, To: to, At: signal.Instant(m.At)}}
		switch m.By {
		case offsetstopic.Outsider:
			one.move.By = signal.MovedByOutsider
		case offsetstopic.Reset:
			one.move.By = signal.MovedToEnd
		case offsetstopic.Unclear:
		}
		one.move.Remedy = fmt.Sprintf("%s --bootstrap-server %s --group %s --topic %s:%d --reset-offsets --to-offset %d --execute",
			q.group.tool(), r.config.Brokers[0], collectors.Word(q.group.name), t.name, m.Partition, from)
		all = append(all, one)
		fetches = append(fetches, &fetch{topic: t, partition: m.Partition, next: from, until: to, place: place, failed: r.history.denies(t.name)})
	}
	o.moves = later
	r.fetchAll(fetches)
	for i, f := range fetches {
		one := &all[i]
		if f.denied {
			r.history.deny(f.topic.name, r.now)
		}
		one.move.Confirmed, one.move.Sample = len(f.found) > 0, refs(f.found)
		nothing := !f.denied && !f.failed && len(f.found) == 0 && f.next >= f.until // only commit markers
		switch {
		case nothing, !one.move.Confirmed && one.move.To-one.move.From == 1: // it may be a commit marker
		case one.move.By == 0:
			o.lost = append(o.lost, unclear{at: r.now, text: fmt.Sprintf("group %s lost its offset %d on partition %d of topic %s and resumed at %d; whether it read the %d messages between is unknown: some clients do not show it. If auto.offset.reset is latest, set it back: %s",
				one.queue.group.name, one.move.From, one.move.Partition, f.topic.name, one.move.To, one.move.To-one.move.From, one.move.Remedy)})
		default:
			one.queue.moves = append(one.queue.moves, one.move)
		}
	}
}

// queuesByKey returns the queues of the reading.
func (r *reading) queuesByKey() map[queueKey]*queue {
	all := make(map[queueKey]*queue, len(r.queues))
	for i := range r.queues {
		q := &r.queues[i]
		all[queueKey{r.topics[q.topic].name, q.group.name}] = q
	}
	return all
}

// partOf returns a partition of a queue; nil where it, or the queue, is not in the reading.
func (r *reading) partOf(q *queue, partition int32) *signal.Partition {
	if q == nil {
		return nil
	}
	parts := r.partsOf(q)
	for i := range parts {
		if parts[i].ID == partition {
			return &parts[i]
		}
	}
	return nil
}

// warnOffsetsTopic says what is not known of who moves offsets.
func (r *reading) warnOffsetsTopic(o *offsetsTopic) {
	o.lost = slices.DeleteFunc(o.lost, func(u unclear) bool { return r.now.Sub(u.at) > unclearFor })
	o.lost = o.lost[max(0, len(o.lost)-warningsKept):]
	switch {
	case o.denied.Known():
		r.offsetsTopicWarnings = append(r.offsetsTopicWarnings, "commits.topic: not authorized to read "+offsetsTopicName+", so who moved an offset is unknown; "+r.config.offsetsTopicGrant())
	case o.missed != "":
		r.offsetsTopicWarnings = append(r.offsetsTopicWarnings, "commits.topic: who moved an offset is unknown for a moment: "+offsetsTopicName+": "+o.missed)
	}
	for _, u := range o.lost {
		r.offsetsTopicWarnings = append(r.offsetsTopicWarnings, u.text)
	}
}

// offsetsTopicGrant is what allows lostorder to read the topic.
func (c *Config) offsetsTopicGrant() string {
	who := c.principal()
	if who == "" {
		return "grant READ and DESCRIBE on it"
	}
	return acls(c.Brokers[0], who, "--operation Read --operation Describe", "--topic", collectors.Scope{Names: []string{offsetsTopicName}})[0]
}
