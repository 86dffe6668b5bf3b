package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// compensationFailed: a step that undoes others does not finish, failed permanently, or
// never ran although the saga was given up.
var compensationFailed = Decision{
	Mode:        signal.CompensationFailed,
	Description: "The steps of a saga are not undone: a compensating step hangs, failed permanently, or never ran before the saga was given up.",
	BenignTwin:  "A compensating step that is retried within its time, a saga that was given up before it had done anything, one that was compensated.",
	decide: func(v *view) []Case {
		hanging := overdueOrders(v, func(l *signal.Lifecycle, s *signal.State) bool { return l.Saga && s.Compensating })
		missing := conflictCases(v, func(kind signal.ConflictKind) bool { return kind == signal.NotCompensated }, func(n int64, _ bool, ways []string) string {
			return fmt.Sprintf("%s given up without compensation of a completed step: %s.", sagas(n), atMost(ways, 3))
		})
		return append(hanging, missing...)
	},
	presence: func(v *view, s signal.Subject) presence {
		if s.State != "" {
			return statePresence(v, s)
		}
		return historyPresence(v, s)
	},
	foundAgain: func(v *view, s signal.Subject, restart signal.Instant) bool {
		return s.State != "" || rechecked(v, s, restart)
	},
}

// sagas writes a number of sagas with its verb.
func sagas(n int64) string {
	if n == 1 {
		return "1 saga was"
	}
	return fmt.Sprintf("%d sagas were", n)
}
