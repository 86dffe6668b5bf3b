package detect

import "github.com/lostorder/lostorder/internal/signal"

// effectDuplicate: there is more than one payment, shipment or refund of an order
// that may have one.
var effectDuplicate = Decision{
	Mode:        signal.EffectDuplicate,
	Description: "Orders were paid, shipped or refunded more than once.",
	BenignTwin:  "An event that was delivered twice and had its effect once, a second attempt that takes the place of the first within the grace, orders that may have several.",
	judge: func(v *view) []Case {
		return reconciled(v, func(r *signal.Reconciliation) (Case, bool) {
			return mismatchCase(r, map[signal.MismatchKind]string{signal.Duplicate: "orders_with_several"}, signal.Duplicate)
		})
	},
}
