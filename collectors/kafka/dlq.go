package kafka

import (
	"cmp"
	"slices"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// deadLetters is what makes a topic a dead letter queue.
type deadLetters struct {
	sources []string
	heads   []int64 // by partition, where the messages begin that nothing has consumed
}

// deadLetterReports reports the dead letter queues, by name.
func (r *reading) deadLetterReports() []signal.DeadLetterQueue {
	var list []signal.DeadLetterQueue
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil || t.deleted {
			continue
		}
		d := signal.NewDeadLetterQueue(signal.Kafka, r.config.Name, t.name)
		d.Semantics, d.Purpose, d.Sources = &semantics, t.purpose, t.dlq.sources
		d.Objective = r.config.objective(t.name, "")
		if s := t.past.settings.setup; s != nil {
			d.Retention = s.Retention
		}
		heads := t.dlq.heads
		if left, whole := t.messagesFrom(heads); whole {
			d.Messages = signal.Count(left)
		}
		if arrived, whole := t.messagesFrom(make([]int64, len(t.end))); whole {
			d.Arrived = signal.Count(arrived)
		}
		d.Oldest = t.oldest(heads, r.now)
		d.Sample, d.Reasons = t.newest(heads), t.reasons(heads)
		list = append(list, d)
	}
	return list
}

// messagesFrom counts the messages between heads and the ends of the partitions; whole is
// false when one of the ends is unknown.
func (t *topic) messagesFrom(heads []int64) (messages int64, whole bool) {
	for p := range t.end {
		if t.end[p] < 0 || t.start[p] < 0 {
			return 0, false
		}
		messages += max(0, t.end[p]-heads[p])
	}
	return messages, len(t.end) > 0
}

// consumed returns, for each dead letter queue on which groups committed, where the
// messages begin that the furthest group has not consumed.
func (r *reading) consumed() map[int32][]int64 {
	heads := map[int32][]int64{}
	least := map[int32]int64{}
	for i := range r.queues {
		q := &r.queues[i]
		t := &r.topics[q.topic]
		if t.dlq == nil || !slices.ContainsFunc(r.partsOf(q), func(p signal.Partition) bool { return p.Committed >= 0 }) {
			continue
		}
		behind := r.headsOf(q)
		left, _ := t.messagesFrom(behind)
		if best, ok := least[q.topic]; !ok || left < best {
			least[q.topic], heads[q.topic] = left, behind
		}
	}
	return heads
}

// headsOf returns, for each partition of the topic, where the messages begin that a group
// has not consumed. A group that assigns partitions itself may have committed on some
// only; in the others it has consumed nothing.
func (r *reading) headsOf(q *queue) []int64 {
	heads := slices.Clone(r.topics[q.topic].start)
	for _, p := range r.partsOf(q) {
		heads[p.ID] = headOf(&p)
		if p.NothingToDeliver {
			heads[p.ID] = p.End
		}
	}
	return heads
}

// oldest returns the age of the oldest message at or behind the heads.
func (t *topic) oldest(heads []int64, now signal.Instant) signal.Age {
	var oldest signal.Age
	for p := range t.end {
		if t.start[p] >= 0 && t.end[p] > heads[p] {
			age, _ := t.past.parts[p].Age(heads[p], now)
			oldest = older(oldest, age)
		}
	}
	return oldest
}

// readDeadLetters finds out what dead letter queues hold.
func (r *reading) readDeadLetters() {
	consumed := r.consumed()
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil {
			continue
		}
		if t.dlq.heads = consumed[int32(i)]; t.dlq.heads == nil {
			t.dlq.heads = slices.Clone(t.start)
		}
		t.past.recreated(t.id)
	}
	r.readNewest()
	r.skipInvisible()
}

// readNewest reads the latest messages of dead letter queues when there are new ones, to
// name their orders.
func (r *reading) readNewest() {
	place := r.config.orderIDPlace()
	if !place.known() {
		return
	}
	var fetches []*fetch
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil || t.deleted || r.history.denies(t.name) {
			continue
		}
		t.past.grow(len(t.leaders))
		for p, end := range t.end {
			if t.start[p] < 0 || end <= t.start[p] || end == t.past.newestEnd[p] || len(fetches) == samplesPerReading {
				continue
			}
			fetches = append(fetches, &fetch{topic: t, partition: int32(p), next: max(t.start[p], end-namesKept), until: end, newest: true, place: place, reasons: true})
		}
	}
	r.fetchAll(fetches)
	for _, one := range fetches {
		switch past := one.topic.past; {
		case one.denied:
			r.history.deny(one.topic.name, r.now)
		case !one.failed:
			past.newest[one.partition] = one.found
			past.newestEnd[one.partition] = one.until
		}
	}
}

// recreated forgets the messages of a topic that was deleted and created again.
func (p *topicPast) recreated(id sarama.Uuid) {
	if p.id != id {
		p.id, p.newest, p.newestEnd, p.samples = id, nil, nil, nil
	}
}

// grow allocates for the partitions of a dead letter queue.
func (p *topicPast) grow(partitions int) {
	for len(p.newest) < partitions {
		p.newest = append(p.newest, nil)
		p.newestEnd = append(p.newestEnd, signal.Unknown)
	}
}

// newestMessages returns the latest messages that were read, without those that were
// removed or consumed since.
func (t *topic) newestMessages(heads []int64) (all []message) {
	for p, messages := range t.past.newest {
		for _, m := range messages {
			if p < len(heads) && m.offset >= heads[p] && m.offset < t.end[p] {
				all = append(all, m)
			}
		}
	}
	return all
}

// newest names the orders of the latest messages, the latest first.
func (t *topic) newest(heads []int64) []signal.OrderRef {
	all := t.newestMessages(heads)
	slices.SortStableFunc(all, func(a, b message) int { return cmp.Compare(b.at, a.at) })
	list := refs(all)
	return list[:min(namesKept, len(list))]
}
