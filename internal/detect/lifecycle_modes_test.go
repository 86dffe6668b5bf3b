package detect_test

import (
	"maps"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// storeCase is what a story of a store is.
type storeCase = struct {
	story  func(s *script)
	found  []signal.Mode
	open   []signal.Mode
	orders []string
}

// moved is a reading of a lifecycle with a history of moves.
func moved(conflicts ...signal.Conflict) signal.Report {
	return signal.Report{Lifecycles: []signal.Lifecycle{{
		Name: "order", Database: "db",
		States:  []signal.State{{Name: "placed", Orders: 3, Overdue: 0}},
		History: &signal.History{Conflicts: conflicts},
	}}}
}

func conflict(kind signal.ConflictKind, id string, since time.Time, confirmed bool) signal.Conflict {
	return signal.Conflict{
		OrderRef: signal.OrderRef{ID: id, Since: signal.InstantOf(since)},
		Kind:     kind, Path: "placed → paid → cancelled", Confirmed: confirmed,
	}
}

// made is a reading of a lifecycle whose orders were compared with each other.
func made(groups ...[]string) signal.Report {
	d := &signal.Duplicates{Within: time.Hour}
	for _, ids := range groups {
		var g signal.DuplicateGroup
		for i, id := range ids {
			g.Orders = append(g.Orders, signal.OrderRef{ID: id, Since: signal.InstantOf(time.Date(2026, 3, 29, 0, 0, i, 0, time.UTC))})
		}
		d.Groups = append(d.Groups, g)
	}
	return signal.Report{Lifecycles: []signal.Lifecycle{{
		Name: "order", Database: "db", States: []signal.State{{Name: "placed", Orders: 3, Overdue: 0}}, Duplicates: d,
	}}}
}

// Rows may have no time, or one that cannot be read. A finding that began in the year
// one would be the oldest of all.
func TestFindingOfRowsWithoutATimeBeganWhenItWasFound(t *testing.T) {
	s := newScript(t)
	s.play(interval, func(int) signal.Report {
		r := made([]string{"A-1", "A-2"})
		r.Lifecycles[0].Duplicates.Groups[0].Orders[1].Since = 0
		return r
	})
	if len(s.opened) != 1 || !s.opened[0].Since.Equal(s.now) {
		t.Errorf("found at %s: %+v", s.now, s.opened)
	}
}

// saga is a reading of a saga with one state.
func saga(state signal.State, since time.Time, bound signal.Bound) signal.Report {
	state.Oldest = signal.Age{Since: signal.InstantOf(since), Bound: bound}
	state.Sample = []signal.OrderRef{{ID: "S-1", Since: signal.InstantOf(since)}}
	return signal.Report{Lifecycles: []signal.Lifecycle{{Name: "checkout", Database: "db", Saga: true, States: []signal.State{state}}}}
}

var lifecycleCases = map[string]storeCase{
	"an order is paid and cancelled": {
		story: func(s *script) {
			at := s.now
			s.play(interval, func(int) signal.Report { return moved(conflict(signal.ExcludedStates, "A-1", at, false)) })
			s.play(time.Minute, func(int) signal.Report { return moved(conflict(signal.ExcludedStates, "A-1", at, true)) })
		},
		found: []signal.Mode{signal.OrderConflict}, open: []signal.Mode{signal.OrderConflict}, orders: []string{"A-1"},
	},
	"orders in conflict are one incident, the latest first": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				return moved(conflict(signal.TwoTerminalStates, "A-2", s.now, true), conflict(signal.IllegalTransition, "A-1", s.now.Add(-time.Minute), true))
			})
		},
		found: []signal.Mode{signal.OrderConflict}, open: []signal.Mode{signal.OrderConflict}, orders: []string{"A-2", "A-1"},
	},
	"a conflict that is corrected closes": {
		story: func(s *script) {
			at := s.now
			s.play(time.Minute, func(int) signal.Report { return moved(conflict(signal.TwoTerminalStates, "A-1", at, true)) })
			s.play(time.Minute, func(int) signal.Report { return moved() })
		},
		found: []signal.Mode{signal.OrderConflict}, orders: []string{"A-1"},
	},
	"a history that cannot be read heals no conflict": {
		story: func(s *script) {
			at := s.now
			s.play(time.Minute, func(int) signal.Report { return moved(conflict(signal.TwoTerminalStates, "A-1", at, true)) })
			s.partial = true
			s.play(time.Hour, func(int) signal.Report { return dwell(0, s.now) })
		},
		found: []signal.Mode{signal.OrderConflict}, open: []signal.Mode{signal.OrderConflict}, orders: []string{"A-1"},
	},
	"benign: paid and cancelled by two clocks, which a second reading does not confirm": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				if i%2 == 0 {
					return moved(conflict(signal.ExcludedStates, "A-1", s.now, false))
				}
				return moved()
			})
		},
	},
	"benign: a lifecycle without a history of moves": {
		story: func(s *script) { s.play(time.Hour, func(int) signal.Report { return dwell(0, s.now) }) },
	},
	"one request becomes two orders": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return made() })
			s.play(time.Minute, func(int) signal.Report { return made([]string{"A-1", "A-2"}) })
		},
		found: []signal.Mode{signal.OrderDuplicate}, open: []signal.Mode{signal.OrderDuplicate}, orders: []string{"A-1", "A-2"},
	},
	"a duplicate that is cancelled closes": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return made([]string{"A-1", "A-2"}, []string{"A-3", "A-4", "A-5"}) })
			s.play(time.Minute, func(int) signal.Report { return made() })
		},
		found: []signal.Mode{signal.OrderDuplicate}, orders: []string{"A-1", "A-2", "A-3", "A-4", "A-5"},
	},
	"orders that cannot be compared heal no duplicate": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return made([]string{"A-1", "A-2"}) })
			s.partial = true
			s.play(time.Hour, func(int) signal.Report { return moved() })
		},
		found: []signal.Mode{signal.OrderDuplicate}, open: []signal.Mode{signal.OrderDuplicate}, orders: []string{"A-1", "A-2"},
	},
	"benign: no two orders share a key": {
		story: func(s *script) { s.play(time.Hour, func(int) signal.Report { return made() }) },
	},
	"a saga stays in a step": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report {
				return saga(signal.State{Name: "charging", Max: time.Minute, Orders: 1, Overdue: 1}, begin, signal.Measured)
			})
		},
		found: []signal.Mode{signal.SagaStuck}, open: []signal.Mode{signal.SagaStuck}, orders: []string{"S-1"},
	},
	"a saga stays in a step for at least longer than it may": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report {
				return saga(signal.State{Name: "charging", Max: time.Minute, Orders: 1, Overdue: 1}, begin, signal.AtLeast)
			})
		},
		found: []signal.Mode{signal.SagaStuck}, open: []signal.Mode{signal.SagaStuck}, orders: []string{"S-1"},
	},
	"a saga whose moment cannot be read is not named in place of the one that is stuck": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report {
				r := saga(signal.State{Name: "charging", Max: time.Minute, Orders: 2, Overdue: 1}, begin, signal.Measured)
				state := &r.Lifecycles[0].States[0]
				state.Sample = append([]signal.OrderRef{{ID: "S-0"}}, state.Sample...)
				return r
			})
		},
		found: []signal.Mode{signal.SagaStuck}, open: []signal.Mode{signal.SagaStuck}, orders: []string{"S-1"},
	},
	"a saga failed for good": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(int) signal.Report {
				return saga(signal.State{Name: "broken", Failed: true, Orders: 1, Overdue: 1}, begin, signal.Measured)
			})
		},
		found: []signal.Mode{signal.SagaStuck}, open: []signal.Mode{signal.SagaStuck}, orders: []string{"S-1"},
	},
	"a saga that goes on closes": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(2*time.Minute, func(i int) signal.Report {
				overdue := signal.Count(1)
				if i > 3 {
					overdue = 0
				}
				return saga(signal.State{Name: "charging", Max: time.Minute, Orders: overdue, Overdue: overdue}, begin, signal.Measured)
			})
		},
		found: []signal.Mode{signal.SagaStuck}, orders: []string{"S-1"},
	},
	"benign: a step that is tried again within its time": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				return saga(signal.State{Name: "charging", Max: 5 * time.Minute, Orders: 1, Overdue: 0}, s.now.Add(-time.Duration(i%16)*interval), signal.Measured)
			})
		},
	},
	"a compensating step hangs": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report {
				return saga(signal.State{Name: "refunding", Compensating: true, Max: time.Minute, Orders: 1, Overdue: 1}, begin, signal.Measured)
			})
		},
		found: []signal.Mode{signal.CompensationFailed}, open: []signal.Mode{signal.CompensationFailed}, orders: []string{"S-1"},
	},
	"a compensating step failed for good": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(int) signal.Report {
				return saga(signal.State{Name: "refund_failed", Compensating: true, Failed: true, Orders: 1, Overdue: 1}, begin, signal.Measured)
			})
		},
		found: []signal.Mode{signal.CompensationFailed}, open: []signal.Mode{signal.CompensationFailed}, orders: []string{"S-1"},
	},
	"a saga was given up and the compensation never ran": {
		story: func(s *script) {
			at := s.now
			s.play(time.Minute, func(int) signal.Report { return moved(conflict(signal.NotCompensated, "S-1", at, true)) })
		},
		found: []signal.Mode{signal.CompensationFailed}, open: []signal.Mode{signal.CompensationFailed}, orders: []string{"S-1"},
	},
	"benign: a compensating step within its time": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report {
				return saga(signal.State{Name: "refunding", Compensating: true, Max: time.Minute, Orders: 1, Overdue: 0}, s.now.Add(-30*time.Second), signal.Measured)
			})
		},
	},
	"benign: a compensation that a second reading finds": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				if i%3 == 0 {
					return moved(conflict(signal.NotCompensated, "S-1", s.now, false))
				}
				return moved()
			})
		},
	},
}

// allStoreCases are the stories of everything that is kept in a store.
func allStoreCases() map[string]storeCase {
	all := map[string]storeCase{}
	maps.Copy(all, storeCases)
	maps.Copy(all, lifecycleCases)
	return all
}
