package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

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

var orderConflictCases = map[string]storeCase{
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
}

func TestOrderConflict(t *testing.T) { playStores(t, orderConflictCases) }

func TestEvidenceSaysWhichOrderMadeWhichTransitions(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report {
		other := conflict(signal.IllegalTransition, "A-1", s.now.Add(-time.Minute), true)
		other.Path = "paid → placed"
		return moved(conflict(signal.TwoTerminalStates, "A-2", s.now, true), other)
	})
	open := s.detector.Open()
	if len(open) != 1 || fact(open[0].Evidence, "moves") != "A-2: placed → paid → cancelled, A-1: paid → placed" {
		t.Errorf("open %+v", open)
	}
}
