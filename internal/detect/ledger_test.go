package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

var ledgerCases = map[string]storeCase{
	"a finding that flaps is one finding": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(10*time.Minute, func(i int) signal.Report { return dwell(signal.Count(i%2*2), begin) })
		},
		found: []signal.Mode{signal.OrderOverdue}, open: []signal.Mode{signal.OrderOverdue}, orders: []string{"A-1", "A-2"},
	},
	"a target that cannot be read heals nothing": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
			s.fail(time.Hour)
		},
		found: []signal.Mode{signal.OrderOverdue}, open: []signal.Mode{signal.OrderOverdue}, orders: []string{"A-1", "A-2"},
	},
	"a partial reading without the subject heals nothing": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
			s.partial = true
			s.play(time.Hour, func(int) signal.Report { return outbox(0, "", time.Time{}) })
		},
		found: []signal.Mode{signal.OrderOverdue}, open: []signal.Mode{signal.OrderOverdue}, orders: []string{"A-1", "A-2"},
	},
}

func TestFindingsOpenOnceAndCloseByThemselves(t *testing.T) { playStores(t, ledgerCases) }

func TestForgottenTargetClosesItsFindings(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return dwell(1, s.now.Add(-time.Hour)) })
	changes := s.detector.Forget(signal.TargetID{Collector: "kafka", Target: "main"}, signal.InstantOf(s.now))
	if len(changes) != 1 || changes[0].Finding.Open() || len(s.detector.Open()) != 0 {
		t.Errorf("changes %+v, open %v", changes, s.open())
	}
}
