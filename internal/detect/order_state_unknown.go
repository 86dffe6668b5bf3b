package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// orderStateUnknown: orders stay in a state that the lifecycle does not declare. No limit
// applies to them there, so no other mode reports them. It is decided once an order has
// been there for as long as the shortest limit of the lifecycle.
var orderStateUnknown = Decision{
	Mode:        signal.OrderStateUnknown,
	Description: "Orders stay in a state that the lifecycle does not declare, so that no limit applies to them.",
	BenignTwin:  "An order that passes through such a state faster than the shortest limit, a state that is declared a moment later, a value that the config excludes.",
	observe:     observeUnknownStates,
	decide:      decideOrderStateUnknown,
	presence: func(v *view, s signal.Subject) presence {
		return v.lifecyclePresence(s, func(l *signal.Lifecycle) presence {
			if slices.Contains(l.UndeclaredStates, s.State) {
				return presentIf(slices.ContainsFunc(l.Undeclared, func(state signal.State) bool { return state.Name == s.State }))
			}
			return presentIf(l.UndeclaredListed)
		})
	},
}

// withoutLimit is how long an order may be in an undeclared state where the lifecycle
// declares no limit.
const withoutLimit = 5 * time.Minute

// undeclaredState is what order_state_unknown remembers of a state.
type undeclaredState struct {
	Lifecycle, State string
	Since            signal.Instant // when it was first read
}

func observeUnknownStates(v *view) {
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		v.memory.undeclared = slices.DeleteFunc(v.memory.undeclared, func(known undeclaredState) bool {
			return known.Lifecycle == l.Name && l.UndeclaredListed && !slices.Contains(l.UndeclaredStates, known.State)
		})
		for _, state := range l.UndeclaredStates {
			if !firstRead(v.memory.undeclared, l.Name, state).Known() {
				v.memory.undeclared = append(v.memory.undeclared, undeclaredState{l.Name, state, v.at})
			}
		}
	}
}

// firstRead returns when an undeclared state was first read.
func firstRead(known []undeclaredState, lifecycle, state string) signal.Instant {
	for _, one := range known {
		if one.Lifecycle == lifecycle && one.State == state {
			return one.Since
		}
	}
	return 0
}

// shortestLimit is the shortest time that an order may be in a state of the lifecycle.
func shortestLimit(l *signal.Lifecycle) time.Duration {
	shortest := time.Duration(0)
	for i := range l.States {
		if limit := l.States[i].Max; limit > 0 && (shortest == 0 || limit < shortest) {
			shortest = limit
		}
	}
	if shortest == 0 {
		return withoutLimit
	}
	return shortest
}

func decideOrderStateUnknown(v *view) []Case {
	var cases []Case
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		limit := shortestLimit(l)
		for j := range l.Undeclared {
			s := &l.Undeclared[j]
			since := firstRead(v.memory.undeclared, l.Name, s.Name)
			if decidable(s.Oldest) {
				since = s.Oldest.Since
			}
			if s.Orders <= 0 || !since.Known() || v.at.Sub(since) < limit {
				continue
			}
			cases = append(cases, unknownState(v, l, s, since, limit))
		}
	}
	return cases
}

func unknownState(v *view, l *signal.Lifecycle, s *signal.State, since signal.Instant, limit time.Duration) Case {
	n := int64(s.Orders)
	c := Case{
		Subject: lifecycleSubject(l, s.Name), Severity: signal.Warning, Count: n, Orders: s.Sample, AtStake: s.AtStake,
		Since: since, DecidableAt: since.Add(limit),
		Summary: fmt.Sprintf("%s %s in state %s, which the lifecycle does not declare; the oldest for %s.",
			orders(n, s.OrdersCapped), verb(n, "is", "are"), s.Name, phrase.Duration(v.at.Sub(since))),
		Evidence: signal.Evidence{
			signal.CappedFact("orders", n, s.OrdersCapped),
			signal.TextFact("undeclared_state", s.Name),
		},
	}
	c.Evidence = append(c.Evidence, atStake(s.AtStake)...)
	if decidable(s.Oldest) {
		c.Evidence = append(c.Evidence, signal.AgeFact("longest_dwell", s.Oldest, v.at))
	}
	var declared []string
	for i := range l.States {
		declared = append(declared, l.States[i].Name)
	}
	c.Evidence = append(c.Evidence,
		signal.ListFact("declared_states", declared[:min(len(declared), maxListed)]...),
		signal.DurationFact("shortest_limit", limit))
	c.listedBy(s.SQL)
	return c
}
