package kafka

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// leftOver reports whether a living group has commits on a topic to which none of its
// members subscribes: it dropped the topic and its offsets stayed.
func (g *group) leftOver(topic int32) bool {
	h := g.topics[topic]
	return g.members > 0 && g.subscribed && g.state == stateStable && (h == nil || h.owners == 0 && h.subscribers == 0)
}

// dropLeftOver takes queues of left over offsets out of the decisions: nothing is expected
// to consume them. They are reported with what would wait, and a warning where it is
// any.
func (r *reading) dropLeftOver() {
	for i := range r.queues {
		q := &r.queues[i]
		if !q.group.leftOver(q.topic) {
			continue
		}
		q.leftOver = true
		if q.waits = 0; q.beyondEnd {
			continue
		}
		for _, p := range r.partsOf(q) {
			q.waits += p.Lag()
		}
		if name := r.topics[q.topic].name; q.waits > 0 {
			r.leftOver = append(r.leftOver, fmt.Sprintf("group %s is alive and no member subscribes to topic %s; its offsets are left over, with %d messages after them. Delete them with %s --delete-offsets, or start the consumer that is missing",
				q.group.name, name, q.waits, q.group.tool()))
		}
	}
}

// leftOverQueue is the report of left over offsets.
func (r *reading) leftOverQueue(q *queue) signal.Queue {
	s := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: r.config.Name, Destination: r.topics[q.topic].name, Group: q.group.name})
	s.GroupState = q.group.state
	s.Ready = q.ready(signal.Count(q.waits))
	return s
}
