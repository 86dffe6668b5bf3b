package detect

import "github.com/lostorder/lostorder/internal/signal"

// sagaStuck: a saga has been in a step for longer than allowed, or has failed
// permanently in one: it neither finished nor is being undone.
var sagaStuck = Decision{
	Mode:        signal.SagaStuck,
	Description: "Sagas neither finished nor were compensated: they have been in a step for longer than allowed, or failed in it permanently.",
	BenignTwin:  "A step that is retried within its time, a saga that is being compensated, one that finished.",
	decide: func(v *view) []Case {
		return overdueOrders(v, func(l *signal.Lifecycle, s *signal.State) bool { return l.Saga && !s.Compensating })
	},
	presence: statePresence,
}
