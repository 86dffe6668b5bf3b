package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestReadingsThatAreNotExactlyAnIntervalApartMakeNoRateLate reads a loop, and a backlog that grows, with
// objectives whose parts are as long as an interval, a little longer, and a little shorter.
func TestReadingsThatAreNotExactlyAnIntervalApartMakeNoRateLate(t *testing.T) {
	for _, maxAge := range []time.Duration{60 * time.Second, 64 * time.Second, 100 * time.Second, 5 * time.Minute} {
		for mode, read := range map[signal.Mode]func(i int64) signal.Report{
			signal.RetryLoop:      func(i int64) signal.Report { return nacked(0, min(i, 1), signal.Count(400*i), signal.Count(min(i, 1))) },
			signal.BacklogGrowing: func(i int64) signal.Report { return rabbit(10*i, 1000*i) },
		} {
			s := newScript(t)
			began := s.now.Add(interval)
			for i, early := int64(0), 200*time.Millisecond; s.now.Before(began.Add(2 * maxAge)); i++ {
				r := read(i)
				r.Queues[0].Objective.MaxAge = maxAge
				s.now = began.Add(time.Duration(i)*interval - time.Duration(i%3)*early)
				s.observe(r)
			}
			if len(s.opened) == 0 || s.opened[0].Mode != mode {
				t.Errorf("max_age %s: found %+v, want %s", maxAge, s.opened, mode)
			} else if late := s.opened[0].DetectedAt.Sub(began.Add(maxAge)); late > 2*interval { // the first reading shows no rate
				t.Errorf("max_age %s: %s found %s after it had lasted so long", maxAge, mode, late)
			}
		}
	}
}
