package detect_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestGrowthOfAnOpenFindingIsReportedAtEachDoubling lets an old finding about four orders
// grow, as it does when something else fails beside it.
func TestGrowthOfAnOpenFindingIsReportedAtEachDoubling(t *testing.T) {
	for name, tc := range map[string]struct {
		counts []signal.Count
		want   []string
	}{
		"charging stops beside four old orders": {[]signal.Count{4, 4, 5, 7, 8, 20, 39, 40, 77}, []string{"4→8", "8→20", "20→40"}},
		"it grows at once":                      {[]signal.Count{1, 1000}, []string{"1→1000"}},
		"benign: it grows a little":             {[]signal.Count{100, 120, 150, 199}, nil},
		"benign: it flaps":                      {[]signal.Count{10, 5, 10, 5, 10}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			begin := s.now.Add(-time.Hour)
			for _, n := range tc.counts {
				s.play(interval, func(int) signal.Report { return dwell(n, begin) })
			}
			var got []string
			for _, c := range s.grown {
				got = append(got, fmt.Sprintf("%d→%d", c.Before, c.Finding.Count))
				if c.At.IsZero() || c.Finding.Mode != signal.OrderOverdue {
					t.Errorf("a change without a time or of another finding: %+v", c)
				}
			}
			if !slices.Equal(got, tc.want) || len(s.opened) != 1 || len(s.closed) != 0 {
				t.Errorf("reported %v, want %v; opened %d, closed %d", got, tc.want, len(s.opened), len(s.closed))
			}
		})
	}
}

// TestGrowthAcrossARestartIsReportedOnce continues from what had been reported.
func TestGrowthAcrossARestartIsReportedOnce(t *testing.T) {
	s := newScript(t)
	begin := s.now.Add(-time.Hour)
	read := func(n signal.Count) { s.play(interval, func(int) signal.Report { return dwell(n, begin) }) }
	read(4)
	read(7)
	open := s.detector.OpenFindings()
	s.detector = detect.New()
	s.detector.RestoreFindings(open)
	read(7)
	if len(s.grown) != 0 {
		t.Errorf("a restart is no growth: %+v", s.grown)
	}
	read(8)
	read(8)
	if len(s.grown) != 1 || s.grown[0].Before != 4 {
		t.Errorf("reported %+v, want one growth since 4", s.grown)
	}
}

// TestGrowthOfWhatIsOnlyAtRiskIsNoEvent: a queue without a dead letter queue flows, and how
// many messages it holds changes all the time.
func TestGrowthOfWhatIsOnlyAtRiskIsNoEvent(t *testing.T) {
	s := newScript(t)
	for _, n := range []signal.Count{1, 4, 40, 400} {
		show(s, 2*interval, letters(signal.RabbitMQ, "orders", nowhere, func(q *signal.Queue) { q.Ready = n }))
		s.blind(10 * time.Minute)
	}
	if len(s.opened) != 1 || s.opened[0].Mode != signal.DLQMissing || len(s.grown) > 0 {
		t.Errorf("opened %+v, grown %+v", s.opened, s.grown)
	}
}
