package kafka

import (
	"cmp"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// topicHolder stands for the name of a topic in the pattern of its dead letter
// queue.
const topicHolder = "{topic}"

// deadLetters is what makes a topic a dead letter queue.
type deadLetters struct {
	sources []string
	heads   []int64 // where the messages begin, by partition, that still sit there
}

// pairDeadLetters finds the dead letter queues of the watched topics by name.
func (r *reading) pairDeadLetters() {
	for i := range r.topics {
		source := &r.topics[i]
		if !source.watched {
			continue
		}
		for _, pattern := range r.config.DLQ {
			j, ok := r.byName[strings.ReplaceAll(pattern, topicHolder, source.name)]
			if !ok || int(j) == i || r.config.refusesTopic(r.topics[j].name) {
				continue
			}
			t := &r.topics[j]
			if t.dlq == nil {
				t.dlq = &deadLetters{}
			}
			// A name without the topic in it is where all dead letters go; it does not
			// say whose they are.
			if strings.Contains(pattern, topicHolder) && !slices.Contains(t.dlq.sources, source.name) {
				t.dlq.sources = append(t.dlq.sources, source.name)
			}
		}
	}
}

// deadLetterReports reports the dead letter queues, by name.
func (r *reading) deadLetterReports() []signal.DeadLetterQueue {
	var list []signal.DeadLetterQueue
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil || t.gone {
			continue
		}
		d := signal.DeadLetterQueue{
			System: signal.Kafka, Cluster: r.config.Name, Destination: t.name, Sources: t.dlq.sources,
			Messages: signal.Unknown, Arrived: signal.Unknown,
		}
		if s := t.past.settings.setup; s != nil {
			d.Retention = s.Retention
		}
		heads := t.dlq.heads
		if left, whole := t.sitting(heads); whole {
			d.Messages = signal.Count(left)
		}
		if arrived, whole := t.sitting(make([]int64, len(t.end))); whole {
			d.Arrived = signal.Count(arrived)
		}
		d.Oldest = t.oldest(heads, r.now)
		d.Newest = t.newest(heads)
		list = append(list, d)
	}
	return list
}

// sitting returns how many messages lie between heads and the ends of the
// partitions; whole is false when one of them was not read.
func (t *topic) sitting(heads []int64) (messages int64, whole bool) {
	for p := range t.end {
		if t.end[p] < 0 || t.start[p] < 0 {
			return 0, false
		}
		messages += max(0, t.end[p]-heads[p])
	}
	return messages, len(t.end) > 0
}

// replayed returns, for each dead letter queue on which groups committed, where
// the messages begin that still sit there: of several groups the one counts that
// has taken out most.
func (r *reading) replayed() map[int32][]int64 {
	heads := map[int32][]int64{}
	least := map[int32]int64{}
	for i := range r.queues {
		q := &r.queues[i]
		t := &r.topics[q.topic]
		if t.dlq == nil || !slices.ContainsFunc(r.partsOf(q), func(p signal.Partition) bool { return p.Committed >= 0 }) {
			continue
		}
		behind := r.headsOf(q)
		left, _ := t.sitting(behind)
		if best, ok := least[q.topic]; !ok || left < best {
			least[q.topic], heads[q.topic] = left, behind
		}
	}
	return heads
}

// headsOf returns where the messages begin, in every partition of the topic, that
// a group has not taken out. A group that takes partitions by itself may have
// committed on some of them only; in the others everything still sits there.
func (r *reading) headsOf(q *queue) []int64 {
	heads := slices.Clone(r.topics[q.topic].start)
	for _, p := range r.partsOf(q) {
		heads[p.ID] = headOf(&p)
		if p.HeadInvisible {
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

// lookAtDeadLetters finds out what still sits in dead letter queues.
func (r *reading) lookAtDeadLetters() {
	replayed := r.replayed()
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil {
			continue
		}
		if t.dlq.heads = replayed[int32(i)]; t.dlq.heads == nil {
			t.dlq.heads = slices.Clone(t.start)
		}
		t.past.madeAnew(t.id)
	}
	r.lookForNames()
	r.passUnseen()
}

// lookForNames reads the latest messages of dead letter queues, to name their
// orders, when there are new ones.
func (r *reading) lookForNames() {
	if r.config.OrderID != orderIDKey {
		return
	}
	var looks []*fetch
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil || t.gone || r.history.refuses(t.name) {
			continue
		}
		t.past.grow(len(t.leaders))
		for p, end := range t.end {
			if t.start[p] < 0 || end <= t.start[p] || end == t.past.newestEnd[p] || len(looks) == peeksPerReading {
				continue
			}
			looks = append(looks, &fetch{topic: t, partition: int32(p), next: max(t.start[p], end-namesKept), until: end, newest: true})
		}
	}
	r.fetchAll(looks)
	for _, look := range looks {
		switch past := look.topic.past; {
		case look.refused:
			r.history.refuse(look.topic.name, r.now)
		case !look.failed:
			past.newest[look.partition] = look.found
			past.newestEnd[look.partition] = look.until
		}
	}
}

// madeAnew forgets the messages of a topic that was deleted since and made anew.
func (p *topicPast) madeAnew(id sarama.Uuid) {
	if p.id != id {
		p.id, p.newest, p.newestEnd, p.sights = id, nil, nil, nil
	}
}

// grow makes room for the messages of a dead letter queue.
func (p *topicPast) grow(partitions int) {
	for len(p.newest) < partitions {
		p.newest = append(p.newest, nil)
		p.newestEnd = append(p.newestEnd, signal.Unknown)
	}
}

// newest names the orders of the latest messages, the latest first. What lies
// before the heads of the partitions was removed or taken out since, and is not
// named.
func (t *topic) newest(heads []int64) []signal.OrderRef {
	var all []message
	for p, messages := range t.past.newest {
		for _, m := range messages {
			if p < len(heads) && m.offset >= heads[p] && m.offset < t.end[p] {
				all = append(all, m)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b message) int { return cmp.Compare(b.at, a.at) })
	list := refs(all)
	return list[:min(namesKept, len(list))]
}
