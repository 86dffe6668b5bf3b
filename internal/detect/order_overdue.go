package detect

import "github.com/lostorder/lostorder/internal/signal"

// orderOverdue: an order has been in a state for longer than the lifecycle allows.
// Of a saga that is saga_stuck, or compensation_failed.
var orderOverdue = Decision{
	Mode:        signal.OrderOverdue,
	Description: "Orders have been in a state for longer than they may.",
	BenignTwin:  "A slow order within its deadline, an order in a terminal state, a since-column that is NULL or ahead of the clock.",
	judge: func(v *view) []Case {
		return stuckCases(v, func(l *signal.Lifecycle, _ *signal.State) bool { return !l.Saga })
	},
}
