package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// positioned is a group with consumers, and a backlog of waiting messages, whose position is kept
// for 10 minutes after begin.
func positioned(s *script, consumers signal.Count, waiting int64) signal.Report {
	r := group(consumers, orphan(0, 50, 50+waiting))
	setup := signal.NewSetup()
	q := &r.Queues[0]
	q.Objective, q.Setup = signal.Objective{MaxAge: time.Hour, AbsentAfter: time.Hour}, &setup
	q.PositionKept, q.PositionUntil = 10*time.Minute, signal.InstantOf(s.begin.Add(10*time.Minute))
	return r
}

func TestPositionOfAGroupWithoutConsumersExpires(t *testing.T) {
	playAll(t, map[string]scenario{
		"the backlog is not read before": {
			story: func(s *script) {
				s.play(8*time.Minute, func(int) signal.Report { return positioned(s, 0, 40) })
			},
			found: []signal.Mode{signal.MessageExpiring},
			open:  []signal.Mode{signal.MessageExpiring},
		},
		"a consumer returns in time": {
			story: func(s *script) {
				s.play(8*time.Minute, func(int) signal.Report { return positioned(s, 0, 40) })
				s.play(time.Minute, func(int) signal.Report {
					r := positioned(s, 1, 0)
					r.Queues[0].PositionUntil = 0
					return r
				})
			},
			found: []signal.Mode{signal.MessageExpiring},
		},
		"benign: more than half of the time is left": {
			story: func(s *script) { s.play(4*time.Minute, func(int) signal.Report { return positioned(s, 0, 40) }) },
		},
		"benign: nothing waits": {
			story: func(s *script) { s.play(10*time.Minute, func(int) signal.Report { return positioned(s, 0, 0) }) },
		},
		"benign: the group has consumers": {
			story: func(s *script) {
				s.play(8*time.Minute, func(i int) signal.Report {
					r := positioned(s, 1, 40)
					r.Queues[0].Partitions[0] = part(0, 50+int64(i), 90+int64(i))
					return r
				})
			},
		},
	})
}
