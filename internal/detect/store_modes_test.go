package detect_test

import (
	"fmt"
	"slices"
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

func deadLetters(messages, arrived signal.Count) signal.Report {
	return signal.Report{DeadLetters: []signal.DeadLetterQueue{{
		System: signal.Kafka, Cluster: "main", Destination: "orders.dlq", Sources: []string{"orders"},
		Messages: messages, Arrived: arrived, Sample: []signal.OrderRef{{ID: "A-9"}},
	}}}
}

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

var storeCases = map[string]struct {
	story  func(s *script)
	found  []signal.Mode
	open   []signal.Mode
	orders []string // of the first finding
}{
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
	"messages arrive in the dead letter queue": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return deadLetters(0, 40) })
			s.play(time.Minute, func(int) signal.Report { return deadLetters(2, 42) })
		},
		found: []signal.Mode{signal.DLQFilling}, open: []signal.Mode{signal.DLQFilling}, orders: []string{"A-9"},
	},
	"a dead letter queue that is emptied closes": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return deadLetters(2, 42) })
			s.play(time.Minute, func(int) signal.Report { return deadLetters(0, 42) })
		},
		found: []signal.Mode{signal.DLQFilling}, orders: []string{"A-9"},
	},
	"benign: an empty dead letter queue that once held messages": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return deadLetters(0, 42) })
		},
	},
	"benign: the depth of the dead letter queue is unknown": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return deadLetters(signal.Unknown, signal.Unknown) })
		},
	},
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
	"a state whose count is not read heals nothing": {
		story: func(s *script) {
			begin := s.now.Add(-time.Hour)
			s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
			s.partial = true
			s.play(time.Minute, func(int) signal.Report { return dwell(signal.Unknown, begin) })
		},
		found: []signal.Mode{signal.OrderOverdue}, open: []signal.Mode{signal.OrderOverdue}, orders: []string{"A-1", "A-2"},
	},
	"a dead letter queue of which a partition is not read heals nothing": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return deadLetters(3, 3) })
			s.partial = true
			s.play(time.Minute, func(int) signal.Report { return deadLetters(signal.Unknown, signal.Unknown) })
		},
		found: []signal.Mode{signal.DLQFilling}, open: []signal.Mode{signal.DLQFilling}, orders: []string{"A-9"},
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

func TestStoreModes(t *testing.T) {
	for name, tc := range allStoreCases() {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.story(s)
			var found []signal.Mode
			for _, f := range s.opened {
				found = append(found, f.Mode)
			}
			if !slices.Equal(found, tc.found) {
				t.Errorf("found %v, want %v\n%+v", found, tc.found, s.opened)
			}
			if open := s.open(); !slices.Equal(open, tc.open) {
				t.Errorf("open at the end %v, want %v", open, tc.open)
			}
			if len(s.opened) > 0 && !slices.Equal(s.opened[0].OrderIDs, tc.orders) {
				t.Errorf("orders %v, want %v", s.opened[0].OrderIDs, tc.orders)
			}
		})
	}
}

func TestFindingIDSurvivesARestart(t *testing.T) {
	s := newScript(t)
	begin := s.now.Add(-time.Hour)
	s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
	s.restart()
	s.play(time.Minute, func(int) signal.Report { return dwell(2, begin) })
	if len(s.opened) != 2 || s.opened[0].ID != s.opened[1].ID {
		t.Errorf("findings %+v, want the same id before and after", s.opened)
	}
}

func TestForgottenTargetClosesItsFindings(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return dwell(1, s.now.Add(-time.Hour)) })
	changes := s.detector.Forget(signal.TargetID{Collector: "kafka", Target: "main"}, signal.InstantOf(s.now))
	if len(changes) != 1 || changes[0].Finding.Open() || len(s.detector.Open()) != 0 {
		t.Errorf("changes %+v, open %v", changes, s.open())
	}
}

func TestGapInObservationIsCounted(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return dwell(0, s.now) })
	if s.detector.Counters().Gaps != 0 {
		t.Error("a gap where there was none")
	}
	s.fail(10 * time.Minute)
	s.play(time.Minute, func(int) signal.Report { return dwell(0, s.now) })
	if s.detector.Counters().Gaps != 1 {
		t.Errorf("gaps %d, want 1", s.detector.Counters().Gaps)
	}
}

func TestTargetThatIsReadInPartForEverIsForgottenPieceByPiece(t *testing.T) {
	s := newScript(t)
	s.partial = true
	s.play(24*time.Hour, func(i int) signal.Report {
		r := group(1, part(0, 60, 60))
		passing := r.Queues[0]
		passing.Group = fmt.Sprintf("passing-%d", i)
		r.Queues = append(r.Queues, passing)
		return r
	})
	if kept := len(s.detector.Counters().Lost); kept > 300 {
		t.Errorf("%d queues are remembered, two are there", kept)
	}
}
