package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

var compensationFailedCases = map[string]storeCase{
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

func TestCompensationFailed(t *testing.T) { playStores(t, compensationFailedCases) }
