package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// orderOverdue: an order has been in a state for longer than the lifecycle allows.
// The table says so; there is nothing to wait for.
var orderOverdue = Decision{
	Mode:   signal.OrderOverdue,
	Means:  "Orders have been in a state for longer than they may.",
	Benign: "A slow order within its deadline, an order in a terminal state, a since-column that is NULL or ahead of the clock.",
	judge:  judgeOrderOverdue,
}

func judgeOrderOverdue(v *view) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		for j := range l.States {
			s := &l.States[j]
			if s.Overdue <= 0 || s.Max <= 0 || s.Terminal {
				continue
			}
			count := fmt.Sprint(s.Overdue)
			if s.OverdueCapped {
				count = "at least " + count
			}
			due := s.Oldest.Since.Add(s.Max)
			c := Case{
				Subject:  signal.Subject{Database: l.Database, Lifecycle: l.Name, State: s.Name},
				Severity: signal.Critical, Count: int64(s.Overdue),
				Since: due, DecidableAt: due,
				Evidence: signal.Evidence{
					{Name: "overdue_orders", Value: count},
					{Name: "longest_dwell", Value: inWords(s.Oldest.At(v.at))},
					{Name: "max_dwell", Value: inWords(s.Max)},
				},
			}
			for _, ref := range s.Longest {
				// The names are read a moment after the count; no more of them than counted.
				if v.at.Sub(ref.Since) >= s.Max && len(c.Orders) < int(s.Overdue) {
					c.Orders = append(c.Orders, ref)
				}
			}
			cases = append(cases, c)
		}
	}
	return cases
}
