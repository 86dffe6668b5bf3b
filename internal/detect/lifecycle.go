package detect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// overdueOrders makes a case of each chosen state that has held orders for longer than
// allowed, or that may hold none at all. The table shows it; there is nothing to wait for.
func overdueOrders(v *view, chosen func(*signal.Lifecycle, *signal.State) bool) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		for j := range l.States {
			s := &l.States[j]
			if chosen(l, s) && s.Overdue > 0 && (s.Max > 0 || s.Failed) && !s.Terminal {
				cases = append(cases, overdueState(v, l, s))
			}
		}
	}
	return cases
}

func overdueState(v *view, l *signal.Lifecycle, s *signal.State) Case {
	due := s.Oldest.Since.Add(s.Max) // at once where the state may hold no order
	if !s.Oldest.Known() {
		due = v.memory.first
	}
	n := int64(s.Overdue)
	c := Case{
		Subject: lifecycleSubject(l, s.Name), Severity: signal.Critical, Count: n,
		Since: due, DecidableAt: due,
		Summary:  fmt.Sprintf("%s %s been in state %s for longer than %s.", orders(n, s.OverdueCapped), verb(n, "has", "have"), s.Name, phrase.Duration(s.Max)),
		Evidence: signal.Evidence{signal.CappedFact("overdue_orders", n, s.OverdueCapped)},
		AtStake:  s.AtStake,
	}
	c.Evidence = append(c.Evidence, atStake(s.AtStake)...)
	if s.Oldest.Known() {
		dwell := signal.AgeFact("longest_dwell", s.Oldest, v.at)
		if s.Oldest.Bound == signal.Measured {
			dwell = dwell.With(signal.AgeUnknown)
		}
		c.Evidence = append(c.Evidence, dwell)
	}
	if s.Failed {
		c.Summary = fmt.Sprintf("%s failed and %s in state %s, which no order leaves by itself.", orders(n, s.OverdueCapped), verb(n, "is", "are"), s.Name)
		c.Evidence = append(c.Evidence, signal.TextFact("failed", "no order leaves this state by itself"))
	} else {
		c.Evidence = append(c.Evidence, signal.DurationFact("max_dwell", s.Max))
	}
	for _, ref := range s.Sample {
		// The sample is read a moment after the count: name no more orders than counted. An
		// order whose time cannot be read was not counted as overdue.
		late := s.Failed || ref.Since.Known() && v.at.Sub(ref.Since) >= s.Max
		if late && len(c.Orders) < int(s.Overdue) {
			c.Orders = append(c.Orders, ref)
		}
	}
	c.listedBy(s.SQL)
	return c
}

// listedBy adds the SQL that lists all affected orders, where the case does not name them all.
func (c *Case) listedBy(sql string) {
	if sql != "" && c.Count > int64(len(c.Orders)) {
		c.Evidence = append(c.Evidence, signal.TextFact(signal.SQLFact, sql))
	}
}

// statePresence answers for a mode that is decided from the orders in a state.
func statePresence(v *view, s signal.Subject) presence {
	return v.lifecyclePresence(s, func(l *signal.Lifecycle) presence {
		i := slices.IndexFunc(l.States, func(state signal.State) bool { return state.Name == s.State })
		if i < 0 {
			return gone
		}
		return presentIf(l.States[i].Overdue.Known())
	})
}

// mostMoves is of how many orders the evidence lists the transitions.
const mostMoves = 5

// conflictCases makes one case of each lifecycle with confirmed conflicts of the chosen
// kinds. say writes the summary from their number and their transitions.
func conflictCases(v *view, chosen func(signal.ConflictKind) bool, say func(n int64, capped bool, ways []string) string) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		if l.History == nil {
			continue
		}
		c := Case{Subject: lifecycleSubject(l, ""), Severity: signal.Critical}
		suspected := 0
		var kinds []string
		var ways []string
		var moves []string // of each order
		for _, conflict := range l.History.Conflicts {
			switch {
			case !chosen(conflict.Kind):
				continue
			case !conflict.Confirmed:
				suspected++
				continue
			}
			c.Count++
			c.Orders = append(c.Orders, conflict.OrderRef)
			if conflict.Worth.Orders > 0 {
				c.AtStake.Amounts = c.AtStake.Amounts.Plus(conflict.Worth)
			}
			c.Since = earlier(c.Since, conflict.Since)
			kinds = appendNew(kinds, strings.ReplaceAll(string(conflict.Kind), "_", " "))
			ways = appendNew(ways, conflict.Path)
			if len(moves) < mostMoves {
				moves = append(moves, conflict.ID+": "+conflict.Path)
			}
		}
		if c.Count == 0 {
			continue
		}
		if len(c.AtStake.Amounts) > 0 {
			c.AtStake.Coverage = signal.CoversAll
			if l.History.ConflictsCapped {
				c.AtStake.Coverage = signal.CoversCounted
			}
		}
		c.DecidableAt = c.Since
		c.Summary = say(c.Count, l.History.ConflictsCapped, ways)
		c.Evidence = signal.Evidence{
			signal.CappedFact("orders", c.Count, l.History.ConflictsCapped),
			signal.ListFact("kind", kinds...),
			signal.ListFact("moves", moves...),
			signal.MomentFact("latest", c.Orders[0].Since),
		}
		c.Evidence = append(c.Evidence, atStake(c.AtStake)...)
		if suspected > 0 {
			c.Evidence = append(c.Evidence, signal.CountFact("not_confirmed_yet", int64(suspected)))
		}
		cases = append(cases, c)
	}
	return cases
}

// historyPresence answers for a mode that is decided from the history of orders.
func historyPresence(v *view, s signal.Subject) presence {
	return v.lifecyclePresence(s, func(l *signal.Lifecycle) presence { return presentIf(l.History != nil) })
}
