package detect

import "github.com/lostorder/lostorder/internal/signal"

// orderUnmatched: an order has no payment, shipment or reservation, or there is one
// and no order. An event without its order is one that was published although the
// order was rolled back; an order without its event is event_missing.
var orderUnmatched = Decision{
	Mode:        signal.OrderUnmatched,
	Description: "Orders have no partner in the other store (payment, shipment, reservation), or the other store has some of no order.",
	BenignTwin:  "A payment that comes within its grace, a replica that is behind, a transaction that commits late, an order that was deleted or archived on both sides.",
	judge: func(v *view) []Case {
		return reconciled(v, func(r *signal.Reconciliation) (Case, bool) {
			words := map[signal.MismatchKind]string{
				signal.MissingRight: "orders_without_partner",
				signal.MissingLeft:  "partners_without_order",
			}
			kinds := []signal.MismatchKind{signal.MissingRight, signal.MissingLeft}
			if r.Kind == signal.Events {
				words[signal.MissingLeft] = "events_without_order"
				kinds = kinds[1:]
			}
			return mismatchCase(r, words, kinds...)
		})
	},
}
