package detect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// orderConflict: the history of an order has a move that the lifecycle does not
// allow, or states that exclude each other. It takes two readings of the whole
// history that say so: the first may have met a transaction half way, or two clocks
// that differ.
var orderConflict = Decision{
	Mode:        signal.OrderConflict,
	Description: "Orders made a move that is not legal, or were in states that exclude each other.",
	BenignTwin:  "Moves that two clocks wrote in the wrong order, a move that is corrected at once, an order that is re-opened as the lifecycle allows, an import that begins in the middle.",
	judge:       judgeOrderConflict,
}

func judgeOrderConflict(v *view) []Case {
	return conflictCases(v, func(kind signal.ConflictKind) bool { return kind != signal.NotCompensated })
}

// conflictCases makes one case of each lifecycle of which orders have confirmed
// conflicts of some kinds.
func conflictCases(v *view, of func(signal.ConflictKind) bool) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		if l.History == nil {
			continue
		}
		c := Case{Subject: signal.Subject{Database: l.Database, Lifecycle: l.Name}, Severity: signal.Critical}
		suspected := 0
		var kinds []string
		var ways []string
		for _, conflict := range l.History.Conflicts {
			switch {
			case !of(conflict.Kind):
				continue
			case !conflict.Confirmed:
				suspected++
				continue
			}
			c.Count++
			c.Orders = append(c.Orders, conflict.OrderRef)
			if c.Since == 0 || conflict.Since < c.Since {
				c.Since = conflict.Since
			}
			kinds = appendNew(kinds, strings.ReplaceAll(string(conflict.Kind), "_", " "))
			ways = appendNew(ways, conflict.Path)
		}
		if c.Count == 0 {
			continue
		}
		count := fmt.Sprint(c.Count)
		if l.History.ConflictsCapped {
			count = "at least " + count
		}
		c.DecidableAt = c.Since
		c.Evidence = signal.Evidence{
			{Name: "orders", Value: count},
			{Name: "kind", Value: strings.Join(kinds, ", ")},
			{Name: "moves", Value: atMost(ways, 3)},
			{Name: "latest", Value: inWords(v.at.Sub(c.Orders[0].Since)) + " ago"},
		}
		if suspected > 0 {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "suspected", Value: fmt.Sprintf("%d more, not yet confirmed by a second reading", suspected)})
		}
		cases = append(cases, c)
	}
	return cases
}

func appendNew(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// atMost joins the first few, and says how many it leaves out.
func atMost(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, "; ")
	}
	return fmt.Sprintf("%s; and %d others", strings.Join(all[:most], "; "), len(all)-most)
}
