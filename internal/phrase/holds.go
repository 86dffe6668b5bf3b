package phrase

import "github.com/lostorder/lostorder/internal/signal"

// Holds says what a reading holds: "12 queues", "1 outbox".
func Holds(r *signal.Report) []string {
	var all []string
	topics, groups, queues := queuesOf(r)
	for _, part := range []struct {
		n     int
		thing string
	}{
		{topics, "topic"},
		{groups, "consumer group"},
		{queues, "queue"},
		{len(r.DeadLetters), "dead letter queue"},
		{len(r.Outboxes), "outbox"},
		{len(r.Lifecycles), "lifecycle"},
		{compared(r), "reconciliation"},
	} {
		if part.n > 0 {
			all = append(all, Count(part.n, part.thing))
		}
	}
	return all
}

// queuesOf counts queues. Where each group that reads a topic is a queue of its own, it
// counts topics and groups instead.
func queuesOf(r *signal.Report) (topics, groups, queues int) {
	topic, group := map[string]bool{}, map[string]bool{}
	for i := range r.Queues {
		q := &r.Queues[i]
		if !q.Semantics.Get().Log {
			queues++
			continue
		}
		topic[q.Destination] = true
		if q.Group != "" {
			group[q.Group] = true
		}
	}
	return len(topic), len(group), queues
}

// compared counts the reconciliations that compared anything, or had nothing to.
func compared(r *signal.Report) int {
	n := 0
	for i := range r.Reconciliations {
		if r.Err == nil || r.Reconciliations[i].Compared > 0 {
			n++
		}
	}
	return n
}
