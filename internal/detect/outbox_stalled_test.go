package detect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func outbox(pending signal.Count, head string, since time.Time) signal.Report {
	return signal.Report{Outboxes: []signal.Outbox{{
		Name: "shop", Database: "db", Table: "outbox", MaxAge: time.Minute, Pending: pending, HeadKey: head,
		Oldest: signal.Age{Since: signal.InstantOf(since), Bound: signal.Measured},
		Sample: []signal.OrderRef{{ID: "A-1"}, {ID: "A-2"}},
	}}}
}

var outboxStalledCases = map[string]storeCase{
	"the relay is dead": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Minute, func(i int) signal.Report { return outbox(signal.Count(i+1), "1", begin) })
		},
		found: []signal.Mode{signal.OutboxStalled}, open: []signal.Mode{signal.OutboxStalled}, orders: []string{"A-1", "A-2"},
	},
	"the relay is stuck on one row while others pass": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Minute, func(i int) signal.Report { return outbox(signal.Count(1+i%3), "1", begin) })
		},
		found: []signal.Mode{signal.OutboxStalled}, open: []signal.Mode{signal.OutboxStalled}, orders: []string{"A-1", "A-2"},
	},
	"a stalled outbox that flows again closes": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Minute, func(int) signal.Report { return outbox(5, "1", begin) })
			s.play(time.Minute, func(int) signal.Report { return outbox(0, "", time.Time{}) })
		},
		found: []signal.Mode{signal.OutboxStalled}, orders: []string{"A-1", "A-2"},
	},
	"benign: a bulk import that drains slowly": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Hour, func(i int) signal.Report { return outbox(10000, fmt.Sprint(i), begin) })
		},
	},
	"benign: a database that was away for ten minutes": {
		story: func(s *script) {
			begin := s.now
			s.play(30*time.Second, func(int) signal.Report { return outbox(5, "1", begin) })
			s.fail(10 * time.Minute)
			s.play(30*time.Second, func(int) signal.Report { return outbox(5, "1", begin) })
			s.play(time.Minute, func(int) signal.Report { return outbox(0, "", time.Time{}) })
		},
	},
	"benign: a clock that is ahead": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return outbox(5, "1", s.now.Add(time.Hour)) })
		},
	},
	"the relay is dead and the database too slow to count or to name the oldest row each time": {
		story: func(s *script) {
			begin := s.now
			s.partial = true
			s.play(10*time.Minute, func(i int) signal.Report {
				r := outbox(5000, "1", begin)
				switch i % 4 {
				case 1:
					r.Outboxes[0].Pending = signal.Unknown
				case 3:
					r.Outboxes[0].HeadKey, r.Outboxes[0].Oldest = "", signal.Age{}
				}
				return r
			})
		},
		found: []signal.Mode{signal.OutboxStalled}, open: []signal.Mode{signal.OutboxStalled}, orders: []string{"A-1", "A-2"},
	},
}

func TestOutboxStalled(t *testing.T) { playStores(t, outboxStalledCases) }
