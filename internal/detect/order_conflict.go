package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// orderConflict: the history of an order has a transition that the lifecycle does not
// allow, or states that exclude each other. Two readings of the whole history must show
// it: the first may have met a transaction half way, or two clocks that differ.
var orderConflict = Decision{
	Mode:        signal.OrderConflict,
	Description: "Orders made a transition that the lifecycle does not allow, or were in states that exclude each other.",
	BenignTwin:  "Transitions that two clocks wrote in the wrong order, a transition that is corrected at once, an order that is re-opened as the lifecycle allows, an import that begins in the middle.",
	decide: func(v *view) []Case {
		return conflictCases(v, func(kind signal.ConflictKind) bool { return kind != signal.NotCompensated }, func(n int64, capped bool, ways []string) string {
			return fmt.Sprintf("%s made a transition that the lifecycle does not allow: %s.", orders(n, capped), atMost(ways, 1))
		})
	},
	presence:   historyPresence,
	foundAgain: rechecked,
}
