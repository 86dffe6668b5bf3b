package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// saga is a reading of a saga with one state.
func saga(state signal.State, since time.Time, bound signal.Bound) signal.Report {
	state.Oldest = signal.Age{Since: signal.InstantOf(since), Bound: bound}
	state.Sample = []signal.OrderRef{{ID: "S-1", Since: signal.InstantOf(since)}}
	return signal.Report{Lifecycles: []signal.Lifecycle{{Name: "checkout", Database: "db", Saga: true, States: []signal.State{state}}}}
}

var sagaStuckCases = map[string]storeCase{
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
	"benign: a step that is retried within its time": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				return saga(signal.State{Name: "charging", Max: 5 * time.Minute, Orders: 1, Overdue: 0}, s.now.Add(-time.Duration(i%16)*interval), signal.Measured)
			})
		},
	},
}

func TestSagaStuck(t *testing.T) { playStores(t, sagaStuckCases) }
