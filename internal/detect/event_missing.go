package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// eventMissing: an order was committed and no event reports it, not even one that waits;
// or there is an event, and the relay skipped it. An event that waits is outbox_stalled. An
// event without its order, published and then rolled back, is order_unmatched.
var eventMissing = Decision{
	Mode:        signal.EventMissing,
	Description: "Orders were committed and their event was not, or the relay skipped it, so that no consumer will receive it.",
	BenignTwin:  "An event that waits to be published, an outbox that is cleaned up after a while, an order that was rolled back, a number that a relay waits for.",
	observe:     observeSlots,
	decide: func(v *view) []Case {
		return append(skippedRows(v), mismatches(v, missingEvents)...)
	},
	presence: func(v *view, s signal.Subject) presence {
		if s.Outbox != "" {
			return v.outboxPresence(s, func(o *signal.Outbox) bool { return o.Skipped != nil || o.LogReader != nil })
		}
		return v.checkPresence(s, signal.MissingRight)
	},
	foundAgain: func(v *view, s signal.Subject, restart signal.Instant) bool {
		if s.Outbox != "" {
			return rechecked(v, s, restart)
		}
		return compared(v, s, restart)
	},
}

func missingEvents(r *signal.Reconciliation) (Case, bool) {
	if r.Kind != signal.Events {
		return Case{}, false
	}
	c, ok := mismatchCase(r, map[signal.MismatchKind]string{signal.MissingRight: "orders_without_event"}, signal.MissingRight)
	c.Summary = fmt.Sprintf("%s %s no event in %s.", orders(c.Count, r.Capped(signal.MissingRight)), verb(c.Count, "has", "have"), r.Right.Table)
	return c, ok
}
