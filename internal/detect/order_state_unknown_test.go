package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// inFraudCheck is a reading of a lifecycle in which so many orders are in a state that it
// does not declare, the oldest since a moment.
func inFraudCheck(n signal.Count, since time.Time) signal.Report {
	l := signal.Lifecycle{
		Name: "order", Database: "shop", UndeclaredListed: true,
		States: []signal.State{{Name: "placed", Max: 10 * time.Minute, Orders: 3, Overdue: 0}, {Name: "paid", Max: time.Hour, Orders: 1, Overdue: 0}},
	}
	if n > 0 {
		state := signal.State{Name: "FRAUD_CHECK", Orders: n, Overdue: signal.Unknown, Oldest: signal.Age{Since: signal.InstantOf(since), Bound: signal.Measured}}
		for i := range int(n) {
			state.Sample = append(state.Sample, signal.OrderRef{ID: fmt.Sprint("F-", i), Since: signal.InstantOf(since)})
		}
		l.UndeclaredStates, l.Undeclared = []string{"FRAUD_CHECK"}, []signal.State{state}
	}
	return signal.Report{Lifecycles: []signal.Lifecycle{l}}
}

// withoutTimes removes the times of the orders.
func withoutTimes(r signal.Report) signal.Report {
	for i := range r.Lifecycles[0].Undeclared {
		r.Lifecycles[0].Undeclared[i].Oldest = signal.Age{}
	}
	return r
}

var unknownStateCases = map[string]scenario{
	"five orders stay in a state that nothing declares": {
		story: func(s *script) {
			begin := s.now
			s.play(11*time.Minute, func(int) signal.Report { return inFraudCheck(5, begin) })
		},
		found: []signal.Mode{signal.OrderStateUnknown},
		open:  []signal.Mode{signal.OrderStateUnknown},
	},
	"they were there before lostorder started": {
		story: func(s *script) {
			s.play(interval, func(int) signal.Report { return inFraudCheck(5, s.now.Add(-time.Hour)) })
		},
		found: []signal.Mode{signal.OrderStateUnknown},
		open:  []signal.Mode{signal.OrderStateUnknown},
	},
	"rows without a time count from the first reading": {
		story: func(s *script) {
			s.play(11*time.Minute, func(int) signal.Report { return withoutTimes(inFraudCheck(5, s.now)) })
		},
		found: []signal.Mode{signal.OrderStateUnknown},
		open:  []signal.Mode{signal.OrderStateUnknown},
	},
	"it closes once the state is empty": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report { return inFraudCheck(5, begin) })
			s.play(time.Minute, func(int) signal.Report { return inFraudCheck(0, begin) })
		},
		found: []signal.Mode{signal.OrderStateUnknown},
	},
	"states that cannot be listed close nothing": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report { return inFraudCheck(5, begin) })
			s.play(time.Hour, func(int) signal.Report {
				r := inFraudCheck(0, begin)
				r.Lifecycles[0].UndeclaredListed = false
				return r
			})
		},
		found: []signal.Mode{signal.OrderStateUnknown},
		open:  []signal.Mode{signal.OrderStateUnknown},
	},
	"benign: orders pass through such a state in nine minutes": {
		story: func(s *script) {
			s.play(2*time.Hour, func(int) signal.Report { return inFraudCheck(5, s.now.Add(-9*time.Minute)) })
		},
	},
	"benign: the state is declared a moment after the release": {
		story: func(s *script) {
			begin := s.now
			s.play(5*time.Minute, func(int) signal.Report { return inFraudCheck(5, begin) })
			s.play(time.Hour, func(int) signal.Report {
				r := inFraudCheck(0, begin)
				r.Lifecycles[0].States = append(r.Lifecycles[0].States, signal.State{Name: "FRAUD_CHECK", Orders: 5, Overdue: signal.Unknown})
				return r
			})
		},
	},
}

func TestOrdersInUnknownStates(t *testing.T) { playAll(t, unknownStateCases) }

func TestOrdersInAnUnknownStateAreNamedSinceTheyEnteredIt(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(12*time.Minute, func(int) signal.Report { return inFraudCheck(5, begin) })
	if len(s.opened) != 1 {
		t.Fatalf("opened %+v, want one finding", s.opened)
	}
	f := s.opened[0]
	if !f.Since.Equal(begin) || f.DecidableAt.Sub(begin) != 10*time.Minute || f.DetectedAt.Sub(f.DecidableAt) > interval || f.Severity != signal.Warning {
		t.Errorf("since %s, decidable at %s, found at %s, %s", f.Since, f.DecidableAt, f.DetectedAt, f.Severity)
	}
	if f.Count != 5 || strings.Join(f.OrderIDs, " ") != "F-0 F-1 F-2 F-3 F-4" || f.Subject.State != "FRAUD_CHECK" {
		t.Errorf("count %d, orders %v, subject %s", f.Count, f.OrderIDs, f.Subject)
	}
	if want := "5 orders are in state FRAUD_CHECK, which the lifecycle does not declare; the oldest for 10 minutes."; f.Summary != want {
		t.Errorf("the summary is %q, want %q", f.Summary, want)
	}
}
