package detect

import "github.com/lostorder/lostorder/internal/signal"

// eventMissing: an order was committed, and there is no event that tells of it, not
// even one that waits; or there is one, and the relay went past it unseen. One that waits is outbox_stalled; an event of an order that
// there is not, published and then rolled back, is order_unmatched.
var eventMissing = Decision{
	Mode:        signal.EventMissing,
	Description: "Orders were committed and their event never was, or the relay went past it, so that nobody will hear of them.",
	BenignTwin:  "An event that waits to be published, an outbox that is cleaned up after a while, an order that was rolled back, a number that a relay waits for.",
	judge: func(v *view) []Case {
		var skipped []Case
		for i := range v.report.Outboxes {
			if o := &v.report.Outboxes[i]; o.Skipped != nil {
				if c, ok := skippedCase(o, v.at); ok {
					skipped = append(skipped, c)
				}
			}
		}
		return append(skipped, reconciled(v, func(r *signal.Reconciliation) (Case, bool) {
			if r.Kind != signal.Events {
				return Case{}, false
			}
			return mismatchCase(r, map[signal.MismatchKind]string{signal.MissingRight: "orders_without_event"}, signal.MissingRight)
		})...)
	},
}
