package kafka

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// topicHolder stands for the name of a topic in the pattern of its dead letter
// queue.
const topicHolder = "{topic}"

// deadLetters is what makes a topic a dead letter queue.
type deadLetters struct {
	sources []string
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
	smallest := r.smallestBacklogs()
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
		var messages, arrived signal.Count
		whole := len(t.end) > 0
		for p := range t.end {
			if t.end[p] < 0 || t.start[p] < 0 {
				whole = false
				break
			}
			messages += signal.Count(t.end[p] - t.start[p])
			arrived += signal.Count(t.end[p])
		}
		if whole {
			d.Messages, d.Arrived = messages, arrived
		}
		if q := smallest[int32(i)]; q != nil {
			s := r.queueOf(q)
			d.Messages, d.Oldest = s.Ready+s.Uncommitted, s.Oldest
		}
		list = append(list, d)
	}
	return list
}

// smallestBacklogs returns, for each dead letter queue on which groups committed,
// the queue of the group that has taken out most.
func (r *reading) smallestBacklogs() map[int32]*queue {
	smallest := map[int32]*queue{}
	least := map[int32]int64{}
	for i := range r.queues {
		q := &r.queues[i]
		if r.topics[q.topic].dlq == nil {
			continue
		}
		var backlog int64
		committed := false
		for _, p := range r.partsOf(q) {
			backlog += p.Lag() + p.Waiting()
			committed = committed || p.Committed >= 0
		}
		if best, ok := least[q.topic]; committed && (!ok || backlog < best) {
			least[q.topic], smallest[q.topic] = backlog, q
		}
	}
	return smallest
}
