package detect

import "github.com/lostorder/lostorder/internal/signal"

// replicaDivergence: two stores have the same order with other values, and had the
// same other values a grace before. A copy that has no such order is
// order_unmatched.
var replicaDivergence = Decision{
	Mode:        signal.ReplicaDivergence,
	Description: "Two stores hold different versions of the same orders.",
	BenignTwin:  "A copy that is behind, an order that changes while it is compared, numbers and moments that are only written differently.",
	judge: func(v *view) []Case {
		return reconciled(v, func(r *signal.Reconciliation) (Case, bool) {
			return mismatchCase(r, map[signal.MismatchKind]string{signal.Different: "orders_that_differ"}, signal.Different)
		})
	},
}
