package detect

import "github.com/lostorder/lostorder/internal/signal"

// orderOverdue: an order has been in a state for longer than the lifecycle allows.
// In a saga that is saga_stuck, or compensation_failed.
var orderOverdue = Decision{
	Mode:        signal.OrderOverdue,
	Description: "Orders have been in a state for longer than allowed.",
	BenignTwin:  "A slow order within its deadline, an order in a terminal state, a since-column that is NULL or ahead of the clock.",
	decide: func(v *view) []Case {
		return overdueOrders(v, func(l *signal.Lifecycle, _ *signal.State) bool { return !l.Saga })
	},
	presence: statePresence,
}
