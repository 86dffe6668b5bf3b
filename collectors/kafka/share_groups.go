package kafka

import (
	"slices"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

// countsLag is the version of DescribeShareGroupOffsets from which on brokers count the
// messages that are not finished (KIP-1226).
const countsLag = 1

// describeShare reads the members of share groups (KIP-932).
func (r *reading) describeShare(n *client.Node, groups []*group) {
	request := kmsg.NewPtrShareGroupDescribeRequest()
	request.GroupIDs = namesOf(groups)
	answer, err := client.Request[*kmsg.ShareGroupDescribeResponse](r.ctx, n, request)
	if err != nil {
		r.notDescribed(n, groups, err, nil)
		return
	}
	keepDescribed(r, "members of group ", groups, answer.Groups, func(d *kmsg.ShareGroupDescribeResponseGroup) (string, sarama.KError) {
		return d.GroupID, sarama.KError(d.ErrorCode)
	}, r.keepShare)
}

// keepShare keeps the members of a share group. Several may read one partition.
func (r *reading) keepShare(g *group, d *kmsg.ShareGroupDescribeResponseGroup) {
	g.state, g.members = d.GroupState, len(d.Members)
	g.assigned, g.subscribed = true, true
	for i := range d.Members {
		m := &d.Members[i]
		g.addMember(m.MemberID)
		for j := range m.Assignment.TopicPartitions {
			tp := &m.Assignment.TopicPartitions[j]
			r.own(g, tp.Topic, tp.Partitions)
		}
		for _, topic := range m.SubscribedTopicNames {
			r.subscribe(g, topic)
		}
	}
}

// shareGroups separates the share groups of a broker from the others, which commit offsets.
func (r *reading) shareGroups(n *client.Node) (share, others []*group) {
	for _, g := range r.groups[n.ID] {
		if g.kind == typeShare {
			share = append(share, g)
		} else {
			others = append(others, g)
		}
	}
	return share, others
}

// readShares reads the progress of all share groups, after the ends of the logs.
func (r *reading) readShares() {
	found := false
	for _, groups := range r.groups {
		found = found || slices.ContainsFunc(groups, func(g *group) bool { return g.kind == typeShare })
	}
	if !found {
		return
	}
	r.cluster.Each(func(n *client.Node) {
		r.readOffsets(n, atEnd, func(t *topic, p int32) *int64 { return &t.end[p] })
	})
	r.findDeleted(func(t *topic) []int64 { return t.end })
	r.cluster.Each(func(n *client.Node) {
		share, _ := r.shareGroups(n)
		r.readShareOffsets(n, share)
	})
	for i := range r.topics { // to be read again
		for p := range r.topics[i].end {
			r.topics[i].end[p] = signal.Unknown
		}
	}
}

// readShareOffsets reads up to where share groups have finished each partition, and adds their
// queues.
func (r *reading) readShareOffsets(n *client.Node, groups []*group) {
	if len(groups) == 0 {
		return
	}
	request := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	for _, g := range groups {
		one := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
		one.GroupID, one.Topics = g.name, nil // all topics
		request.Groups = append(request.Groups, one)
	}
	answer, err := client.Request[*kmsg.DescribeShareGroupOffsetsResponse](r.ctx, n, request)
	if err == nil && answer.Version < countsLag {
		err = sarama.ErrUnsupportedVersion
	}
	if err != nil {
		r.notDescribed(n, groups, err, r.warnShare)
		return
	}
	keepDescribed(r, "group ", groups, answer.Groups, func(d *kmsg.DescribeShareGroupOffsetsResponseGroup) (string, sarama.KError) {
		return d.GroupID, sarama.KError(d.ErrorCode)
	}, r.keepShareOffsets)
}

// shareProgress is what the broker says of a share group on one partition.
type shareProgress struct {
	start int64 // no message before it is unfinished
	lag   int64 // messages that are neither acknowledged nor archived; -1 where it does not know
	end   int64 // of the log, before the lag was counted
}

// keepShareOffsets adds the queues of a share group.
func (r *reading) keepShareOffsets(g *group, d *kmsg.DescribeShareGroupOffsetsResponseGroup) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[int32]bool{}
	for i := range d.Topics {
		topic := &d.Topics[i]
		at, t := r.topicAt(topic.Topic)
		if t == nil || seen[at] {
			continue
		}
		progress := map[int32]shareProgress{}
		for j := range topic.Partitions {
			p := &topic.Partitions[j]
			if p.ErrorCode == 0 && p.StartOffset >= 0 && p.Partition >= 0 && int(p.Partition) < len(t.leaders) {
				progress[p.Partition] = shareProgress{p.StartOffset, p.Lag, t.end[p.Partition]}
			}
		}
		if len(progress) > 0 {
			seen[at] = true
			r.addQueue(at, g)
			r.queues[len(r.queues)-1].share = progress
		}
	}
	for i := range g.topics {
		if !seen[i] {
			r.addQueue(i, g)
		}
	}
}

// placeShare finds the offset up to which a share group would have finished a partition in
// order, so that as many messages wait as the broker counts. The start offset is not enough:
// the broker writes it with the next acknowledgement, so that a group that has finished all
// seems to lag.
//
// The lag is counted between two readings of the end. What arrives meanwhile must not look
// like progress, so the offset is the least possible one, or that of the last reading.
func (r *reading) placeShare(q *queue, part *signal.Partition) {
	progress, ok := q.share[part.ID]
	if !ok || part.End < 0 {
		return
	}
	if progress.lag < 0 || progress.end < 0 {
		part.End = signal.Unknown // how many messages wait is unknown
		return
	}
	offset := max(progress.start, progress.end-progress.lag)
	if past := r.history.queues[queueKey{r.topics[q.topic].name, q.group.name}]; past != nil && int(part.ID) < len(past.commits) {
		offset = max(offset, past.commits[part.ID].offset)
	}
	part.Committed = min(offset, max(progress.start, part.End-progress.lag))
}

// boundShareAges notes that an older message than the one at the offset may be unfinished.
func (r *reading) boundShareAges() {
	for i := range r.queues {
		q := &r.queues[i]
		parts := r.partsOf(q)
		for j := range parts {
			if p := &parts[j]; p.Head.Known() && q.share[p.ID].start < p.Committed && q.share != nil {
				p.Head.Bound = signal.AtLeast
			}
		}
	}
}
