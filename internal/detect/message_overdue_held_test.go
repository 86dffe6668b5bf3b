package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// delayed is a queue that holds messages for a minute. Its oldest message has been in it for
// an age.
func delayed(s *script, age time.Duration) signal.Report {
	r := held(signal.RoleDelay)(0)
	q := &r.Queues[0]
	q.Delay, q.CounterDelay = time.Minute, 5*time.Second
	q.Oldest = signal.Age{Since: signal.InstantOf(s.now.Add(-age)), Bound: signal.AtLeast}
	return r
}

var heldCases = map[string]scenario{
	"a message stays in a queue of delay for longer than the delay": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return delayed(s, time.Duration(i)*interval) })
		},
		found: []signal.Mode{signal.MessageOverdue},
		open:  []signal.Mode{signal.MessageOverdue},
	},
	"it closes when the messages pass on": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return delayed(s, time.Duration(i)*interval) })
			s.play(2*time.Minute, func(int) signal.Report { return delayed(s, interval) })
		},
		found: []signal.Mode{signal.MessageOverdue},
	},
	"it stays open while the age is not read": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return delayed(s, time.Duration(i)*interval) })
			s.play(4*time.Minute, func(int) signal.Report {
				r := delayed(s, 0)
				r.Queues[0].Oldest = signal.Age{}
				return r
			})
		},
		found: []signal.Mode{signal.MessageOverdue},
		open:  []signal.Mode{signal.MessageOverdue},
	},
	"benign: messages that leave a little after their time": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return delayed(s, time.Duration(i%6)*interval) })
		},
	},
	"benign: a queue of delay whose delay is not known": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := delayed(s, time.Duration(i)*interval)
				r.Queues[0].Delay = 0
				return r
			})
		},
	},
	"benign: consumers of a topic of retries that wait for the delay": {
		story: func(s *script) {
			s.play(30*time.Minute, func(i int) signal.Report {
				// The offset advances once in ten minutes, when the next message is due.
				done := int64(i / 40)
				r := group(1, measured(part(0, done, 10), s.now.Add(-time.Duration(i%40)*interval)))
				r.Queues[0].Delay, r.Queues[0].Purpose.Role = 10*time.Minute, signal.RoleRetry
				r.Queues[0].Objective = objective.After(10 * time.Minute)
				return r
			})
		},
	},
}

func TestMessagesThatOutliveTheirDelay(t *testing.T) { playAll(t, heldCases) }

func TestOutlivedDelayIsCriticalAboveTwice(t *testing.T) {
	s := newScript(t)
	s.play(105*time.Second, func(i int) signal.Report { return delayed(s, time.Duration(i)*interval+interval) })
	if len(s.opened) != 1 || s.opened[0].Severity != signal.Warning || s.opened[0].Count != 3 {
		t.Fatalf("opened %+v, want one warning about three messages", s.opened)
	}
	if f := s.opened[0]; f.DetectedAt.Sub(f.DecidableAt) > interval || fact(f.Evidence, "delay") != "1m0s" {
		t.Errorf("decidable at %s, found at %s, %v", f.DecidableAt, f.DetectedAt, f.Evidence)
	}
	s.play(time.Minute, func(i int) signal.Report { return delayed(s, 2*time.Minute+time.Duration(i)*interval) })
	if open := s.detector.Open(); len(open) != 1 || open[0].Severity != signal.Critical {
		t.Errorf("open %+v, want critical above twice the delay", open)
	}
}
