package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func dwell(overdue signal.Count, oldest time.Time) signal.Report {
	return signal.Report{Lifecycles: []signal.Lifecycle{{
		Name: "order", Database: "db",
		States: []signal.State{{
			Name: "placed", Max: 5 * time.Minute, Orders: 3, Overdue: overdue,
			Oldest: signal.Age{Since: signal.InstantOf(oldest), Bound: signal.Measured},
			Sample: []signal.OrderRef{
				{ID: "A-1", Since: signal.InstantOf(oldest)},
				{ID: "A-2", Since: signal.InstantOf(oldest.Add(20 * time.Minute))},
			},
		}},
	}}}
}

var orderOverdueCases = map[string]storeCase{
	"an order stays placed for too long": {
		story: func(s *script) {
			begin := s.now
			s.play(10*time.Minute, func(int) signal.Report {
				overdue := signal.Count(0)
				if s.now.Sub(begin) >= 5*time.Minute {
					overdue = 1
				}
				return dwell(overdue, begin)
			})
		},
		found: []signal.Mode{signal.OrderOverdue}, open: []signal.Mode{signal.OrderOverdue}, orders: []string{"A-1"},
	},
	"a state whose count is not read heals nothing": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
			s.partial = true
			s.play(time.Minute, func(int) signal.Report { return dwell(signal.Unknown, begin) })
		},
		found: []signal.Mode{signal.OrderOverdue}, open: []signal.Mode{signal.OrderOverdue}, orders: []string{"A-1", "A-2"},
	},
	"benign: a slow order within its deadline": {
		story: func(s *script) {
			begin := s.now
			s.play(4*time.Minute, func(int) signal.Report { return dwell(0, begin) })
		},
	},
	"benign: orders in a terminal state": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Hour, func(int) signal.Report {
				r := dwell(7, begin)
				r.Lifecycles[0].States[0].Terminal = true
				return r
			})
		},
	},
}

func TestFindingHasTheSQLForAllOrdersWhereItDoesNotNameThemAll(t *testing.T) {
	for overdue, want := range map[signal.Count]bool{2: false, 132: true} {
		s := newScript(t)
		begin := s.now.Add(-time.Hour)
		s.play(time.Minute, func(int) signal.Report {
			r := dwell(overdue, begin)
			r.Lifecycles[0].States[0].SQL = "SELECT 1"
			return r
		})
		s.ended([]signal.Mode{signal.OrderOverdue}, []signal.Mode{signal.OrderOverdue})
		if _, got := s.opened[0].Evidence.Find(signal.SQLFact); got != want {
			t.Errorf("%d orders, of which two are named: the SQL is there: %v", overdue, got)
		}
	}
}

func TestOrderOverdue(t *testing.T) { playStores(t, orderOverdueCases) }
