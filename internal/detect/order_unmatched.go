package detect

import (
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// orderUnmatched: an order has no payment, shipment or reservation, or one of these has no
// order. An event without its order was published although the order was rolled back; an
// order without its event is event_missing.
var orderUnmatched = Decision{
	Mode:        signal.OrderUnmatched,
	Description: "Orders have no partner in the other store (payment, shipment, reservation), or the other store has rows without an order.",
	BenignTwin:  "A payment that arrives within its grace period, a replica that is behind, a transaction that commits late, an order that was deleted or archived on both sides.",
	decide:      func(v *view) []Case { return mismatches(v, unmatched) },
	presence: func(v *view, s signal.Subject) presence {
		return v.checkPresence(s, signal.MissingRight, signal.MissingLeft)
	},
	foundAgain: compared,
}

func unmatched(r *signal.Reconciliation) (Case, bool) {
	names := map[signal.MismatchKind]string{
		signal.MissingRight: "orders_without_partner",
		signal.MissingLeft:  "partners_without_order",
	}
	kinds := []signal.MismatchKind{signal.MissingRight, signal.MissingLeft}
	if r.Kind == signal.Events {
		names[signal.MissingLeft] = "events_without_order"
		kinds = kinds[1:]
	}
	c, ok := mismatchCase(r, names, kinds...)
	var parts []string
	for _, kind := range kinds {
		m, covered := r.OfKind(kind)
		if !covered || m.Count <= 0 {
			continue
		}
		n := int64(m.Count)
		if kind == signal.MissingRight {
			parts = append(parts, fmt.Sprintf("%s %s no row in %s", orders(n, m.Capped), verb(n, "has", "have"), r.Right.Table))
			continue
		}
		text := phrase.Count(int(n), "row")
		if m.Capped {
			text = "at least " + text
		}
		parts = append(parts, fmt.Sprintf("%s in %s %s no order in %s", text, r.Right.Table, verb(n, "has", "have"), r.Left.Table))
	}
	c.Summary = strings.Join(parts, ", and ") + "."
	return c, ok
}
