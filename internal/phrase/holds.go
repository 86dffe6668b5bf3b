package phrase

import "github.com/lostorder/lostorder/internal/signal"

// Holds says what a reading holds: "12 queues", "1 outbox".
func Holds(r *signal.Report) []string {
	var all []string
	for _, part := range []struct {
		n     int
		thing string
	}{
		{len(r.Queues), "queue"},
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
