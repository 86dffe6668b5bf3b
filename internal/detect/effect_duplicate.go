package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// effectDuplicate: there is more than one payment, shipment or refund of an order
// that may have one.
var effectDuplicate = Decision{
	Mode:        signal.EffectDuplicate,
	Description: "Orders were paid, shipped or refunded more than once.",
	BenignTwin:  "An event that was delivered twice and had its effect once, a second attempt that replaces the first within the grace period, orders that may have several.",
	decide: func(v *view) []Case {
		return mismatches(v, func(r *signal.Reconciliation) (Case, bool) {
			c, ok := mismatchCase(r, map[signal.MismatchKind]string{signal.Duplicate: "orders_with_several"}, signal.Duplicate)
			c.Summary = fmt.Sprintf("%s %s more than one row in %s.", orders(c.Count, r.Capped(signal.Duplicate)), verb(c.Count, "has", "have"), r.Right.Table)
			return c, ok
		})
	},
	presence:   func(v *view, s signal.Subject) presence { return v.checkPresence(s, signal.Duplicate) },
	foundAgain: compared,
}
