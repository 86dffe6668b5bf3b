package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// sagaStuck: a saga has been in a step for longer than it may, or has failed for
// good in one: it neither finished nor is being undone.
var sagaStuck = Decision{
	Mode:        signal.SagaStuck,
	Description: "Sagas neither finished nor were compensated: they have been in a step for longer than they may, or failed in it for good.",
	BenignTwin:  "A step that is tried again within its time, a saga that is being compensated, one that came to its end.",
	judge: func(v *view) []Case {
		return stuckCases(v, func(l *signal.Lifecycle, s *signal.State) bool { return l.Saga && !s.Compensating })
	},
}

// stuckCases makes a case of each chosen state in which orders have been for
// longer than they may, or may not be at all. The table says so; there is nothing
// to wait for.
func stuckCases(v *view, of func(*signal.Lifecycle, *signal.State) bool) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		for j := range l.States {
			s := &l.States[j]
			if !of(l, s) || s.Overdue <= 0 || s.Max <= 0 && !s.Failed || s.Terminal {
				continue
			}
			count := fmt.Sprint(s.Overdue)
			if s.OverdueCapped {
				count = "at least " + count
			}
			due := s.Oldest.Since.Add(s.Max) // at once where nothing may be
			if !s.Oldest.Known() {
				due = v.history.first
			}
			c := Case{
				Subject:  signal.Subject{Database: l.Database, Lifecycle: l.Name, State: s.Name},
				Severity: signal.Critical, Count: int64(s.Overdue),
				Since: due, DecidableAt: due,
				Evidence: signal.Evidence{{Name: "overdue_orders", Value: count}},
			}
			if s.Oldest.Known() {
				dwell := inWords(s.Oldest.At(v.at))
				if s.Oldest.Bound != signal.Measured {
					dwell += " (" + s.Oldest.Bound.String() + ")"
				}
				c.Evidence = append(c.Evidence, signal.Fact{Name: "longest_dwell", Value: dwell})
			}
			if s.Failed {
				c.Evidence = append(c.Evidence, signal.Fact{Name: "failed", Value: "nothing goes on from this state by itself"})
			} else {
				c.Evidence = append(c.Evidence, signal.Fact{Name: "max_dwell", Value: inWords(s.Max)})
			}
			for _, ref := range s.Sample {
				// The names are read a moment after the count; no more of them than counted. One
				// whose moment cannot be read was not counted as overdue.
				late := s.Failed || ref.Since.Known() && v.at.Sub(ref.Since) >= s.Max
				if late && len(c.Orders) < int(s.Overdue) {
					c.Orders = append(c.Orders, ref)
				}
			}
			cases = append(cases, c)
		}
	}
	return cases
}
