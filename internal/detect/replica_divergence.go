package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// replicaDivergence: two stores have the same order with different values, and had the
// same different values a grace period before. A copy without the order is
// order_unmatched.
var replicaDivergence = Decision{
	Mode:        signal.ReplicaDivergence,
	Description: "Two stores hold different versions of the same orders.",
	BenignTwin:  "A copy that is behind, an order that changes while it is compared, numbers and times that are only written differently.",
	decide: func(v *view) []Case {
		return mismatches(v, func(r *signal.Reconciliation) (Case, bool) {
			c, ok := mismatchCase(r, map[signal.MismatchKind]string{signal.Different: "orders_that_differ"}, signal.Different)
			c.Summary = fmt.Sprintf("%s %s different values in %s and %s.", orders(c.Count, r.Capped(signal.Different)), verb(c.Count, "has", "have"), r.Left.Table, r.Right.Table)
			return c, ok
		})
	},
	presence:   func(v *view, s signal.Subject) presence { return v.checkPresence(s, signal.Different) },
	foundAgain: compared,
}
