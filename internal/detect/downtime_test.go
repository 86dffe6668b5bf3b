package detect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// crash ends lostorder and starts it again after a while, with what it had written after
// the last reading.
func (s *script) crash(down time.Duration) {
	s.t.Helper()
	after := detect.New()
	after.RestoreFindings(s.detector.OpenFindings())
	for _, id := range s.detector.Targets() {
		if m, ok := s.detector.Snapshot(id); ok {
			if err := after.Restore(throughParts(s.t, m)); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	s.detector = after
	s.blind(down)
}

// incarnated is a reading of a topic with an id.
func incarnated(id string, r signal.Report) signal.Report {
	r.Queues[0].Incarnation = id
	return r
}

// running is a reading of nodes that have been running for a while.
func running(uptime time.Duration, r signal.Report) signal.Report {
	for i := range r.Losses {
		r.Losses[i].Uptime = uptime
	}
	return r
}

// withoutDLQs is a reading of queues that need no dead letter queues.
func withoutDLQs(r signal.Report) signal.Report {
	for i := range r.Queues {
		r.Queues[i].Objective.NoDLQ = true
	}
	return r
}

// downtime is longer than lostorder bridges by itself.
const downtime = 20 * time.Minute

// steady plays a minute of one reading.
func (s *script) steady(r func() signal.Report) {
	s.play(time.Minute, func(int) signal.Report { return r() })
}

// TestWhatHappenedDuringADowntimeIsReported: as far as the servers still show it. Each
// story ends at the latest moment at which its finding must be open.
func TestWhatHappenedDuringADowntimeIsReported(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(s *script)
		after  func(s *script)
		found  signal.Mode
		count  int64
		fact   string // the name and the value of a fact in its evidence
	}{
		"retention passed the last known commit": {
			before: func(s *script) { s.steady(func() signal.Report { return group(1, part(0, 60, 60)) }) },
			after: func(s *script) {
				s.play(2*interval, func(int) signal.Report { return group(1, part(75, 60, 90)) })
			},
			found: signal.MessageLost, count: 15, fact: "partition_0 offsets 60 to 74 were never committed and can no longer be read",
		},
		"a consumer stopped in the middle of a backlog": {
			before: func(s *script) {
				s.play(time.Minute, func(i int) signal.Report { return group(1, part(0, int64(10*i), 100)) })
			},
			after: func(s *script) {
				s.play(objective.MaxAge+2*interval, func(int) signal.Report { return group(1, part(0, 50, 100)) })
			},
			found: signal.ConsumerStalled, count: 50,
		},
		"a stall that had begun shortly before": {
			before: func(s *script) { s.steady(func() signal.Report { return group(1, part(0, 50, 100)) }) },
			after: func(s *script) {
				s.play(objective.MaxAge+2*interval, func(int) signal.Report { return group(1, part(0, 50, 100)) })
			},
			found: signal.ConsumerStalled, count: 50,
		},
		"the consumers left": {
			before: func(s *script) { s.steady(func() signal.Report { return group(1, part(0, 60, 60)) }) },
			after: func(s *script) {
				s.play(objective.AbsentAfter+2*interval, func(int) signal.Report { return group(0, orphan(0, 60, 70)) })
			},
			found: signal.ConsumerAbsent, count: 10,
		},
		"messages arrived in a dead letter queue": {
			before: func(s *script) { s.steady(func() signal.Report { return deadLetters(0, 40) }) },
			after:  func(s *script) { s.play(interval, func(int) signal.Report { return deadLetters(3, 43) }) },
			found:  signal.DLQFilling, count: 3, fact: "arrived 3",
		},
		"more messages arrived in a dead letter queue that was not empty": {
			before: func(s *script) { s.steady(func() signal.Report { return deadLetters(2, 40) }) },
			after:  func(s *script) { s.play(interval, func(int) signal.Report { return deadLetters(5, 43) }) },
			found:  signal.DLQFilling, count: 5, fact: "arrived 3",
		},
		"the loss counters of a broker moved": {
			before: func(s *script) {
				s.steady(func() signal.Report {
					return withoutDLQs(expired(7, dropping("orders", 100, 90, 10), dropping("mails", 50, 50, 0)))
				})
			},
			after: func(s *script) {
				s.play(time.Minute, func(int) signal.Report {
					return withoutDLQs(expired(12, dropping("orders", 100, 90, 5), dropping("mails", 50, 50, 0)))
				})
			},
			found: signal.MessageLost, count: 5, fact: "reason expired (5)",
		},
		"a node restarted, and counts more losses than it did before": {
			before: func(s *script) {
				s.steady(func() signal.Report {
					return running(time.Hour, withoutDLQs(expired(7, dropping("orders", 100, 90, 10), dropping("mails", 50, 50, 0))))
				})
			},
			after: func(s *script) {
				s.play(time.Minute, func(i int) signal.Report {
					return running(downtime/2+time.Duration(i)*interval, withoutDLQs(expired(12, dropping("orders", 12, 0, 0), dropping("mails", 0, 0, 0))))
				})
			},
			found: signal.MessageLost, count: 12, fact: "reason expired (12)",
		},
		"a relay skipped a row": {
			before: func(s *script) { s.steady(func() signal.Report { return passing("9") }) },
			after: func(s *script) {
				begin := s.now
				s.play(time.Minute+2*interval, func(int) signal.Report { return passing("19", begin) })
			},
			found: signal.EventMissing, count: 1,
		},
		"rows of an outbox stayed pending": {
			before: func(s *script) { s.steady(func() signal.Report { return outbox(0, "", s.now) }) },
			after: func(s *script) {
				begin := s.now.Add(-downtime / 2)
				s.play(time.Minute+2*interval, func(int) signal.Report { return outbox(2, "7", begin) })
			},
			found: signal.OutboxStalled, count: 2,
		},
		"orders became overdue": {
			before: func(s *script) { s.steady(func() signal.Report { return dwell(0, s.now) }) },
			after: func(s *script) {
				begin := s.now.Add(-downtime / 2)
				s.play(interval, func(int) signal.Report { return dwell(1, begin) })
			},
			found: signal.OrderOverdue, count: 1,
		},
		"orders entered a state that nothing declares": {
			before: func(s *script) { s.steady(func() signal.Report { return inFraudCheck(0, s.now) }) },
			after: func(s *script) {
				begin := s.now.Add(-downtime + time.Minute)
				s.play(interval, func(int) signal.Report { return inFraudCheck(2, begin) })
			},
			found: signal.OrderStateUnknown, count: 2,
		},
		"a payment went missing": {
			before: func(s *script) { s.steady(func() signal.Report { return checkOf(signal.Effects) }) },
			after: func(s *script) {
				begin := s.now.Add(-downtime / 2)
				s.play(interval, func(int) signal.Report { return checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1")) })
			},
			found: signal.OrderUnmatched, count: 1,
		},
		"a queue expired with messages in it": {
			before: func(s *script) {
				s.play(time.Minute, offers(5, expires(10*time.Minute)))
			},
			after: func(s *script) { s.play(2*interval, other) },
			found: signal.MessageLost, count: 5, fact: "reason queue_expired",
		},
		"a replication slot was dropped": {
			before: func(s *script) {
				s.play(time.Minute, func(i int) signal.Report {
					return slotted(signal.LogReader{Active: true, Written: int64(i) * perReading, Confirmed: int64(i) * perReading, Inserted: signal.Unknown})
				})
			},
			after: func(s *script) {
				s.play(time.Minute+2*interval, func(int) signal.Report {
					return slotted(signal.LogReader{Dropped: true, Confirmed: signal.Unknown, Inserted: signal.Unknown})
				})
			},
			found: signal.OutboxStalled, fact: "slot debezium",
		},
		"the server removed log that a slot still needed": {
			before: func(s *script) {
				s.play(time.Minute, func(i int) signal.Report {
					return slotted(signal.LogReader{Active: true, Written: int64(i) * perReading, Confirmed: int64(i) * perReading, Inserted: signal.Unknown})
				})
			},
			after: func(s *script) {
				s.play(interval, func(int) signal.Report {
					return slotted(signal.LogReader{Lost: true, Written: 100 * perReading, Confirmed: 4 * perReading, Inserted: signal.Unknown})
				})
			},
			found: signal.OutboxStalled, fact: "wal_status lost",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.before(s)
			s.crash(downtime)
			tc.after(s)
			open := s.detector.Open()
			if len(open) != 1 || open[0].Mode != tc.found || open[0].Count != tc.count {
				t.Fatalf("open %+v, want %s of %d", open, tc.found, tc.count)
			}
			if name, value, _ := strings.Cut(tc.fact, " "); fact(open[0].Evidence, name) != value {
				t.Errorf("%s is %q, want %q, in %v", name, fact(open[0].Evidence, name), value, open[0].Evidence)
			}
		})
	}
}

// TestDowntimeItselfIsNoFinding: what looks like a failure only because lostorder did not
// watch.
func TestDowntimeItselfIsNoFinding(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after func(i int) signal.Report
	}{
		"a consumer that advances": {
			before: func(i int) signal.Report { return group(1, part(0, int64(10*i), 100)) },
			after:  func(i int) signal.Report { return group(1, part(0, int64(500+10*i), 1000)) },
		},
		"retention that passed what was committed meanwhile": {
			before: func(int) signal.Report { return group(1, part(0, 60, 60)) },
			after:  func(int) signal.Report { return group(1, part(90, 90, 90)) },
		},
		"a topic that was made again": {
			before: func(int) signal.Report { return group(1, part(50, 60, 60)) },
			after:  func(int) signal.Report { return group(1, part(0, 5, 5)) },
		},
		"a topic that was made again and has grown beyond the old": {
			before: func(int) signal.Report { return incarnated("1", group(1, part(0, 60, 60))) },
			after:  func(int) signal.Report { return incarnated("2", group(1, part(80, 90, 90))) },
		},
		"counters of a broker that restarted, and count nothing": {
			before: func(int) signal.Report { return withoutDLQs(expired(7, dropping("orders", 100, 90, 10))) },
			after:  func(int) signal.Report { return withoutDLQs(expired(0, dropping("orders", 10, 0, 10))) },
		},
		"a dead letter queue that an operator emptied": {
			before: func(int) signal.Report { return deadLetters(0, 40) },
			after:  func(int) signal.Report { return deadLetters(0, 43) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(time.Minute, tc.before)
			s.crash(downtime)
			s.play(2*time.Minute, tc.after)
			if open := s.detector.Open(); len(open)+len(s.opened) > 0 {
				t.Errorf("open %+v, opened %+v", open, s.opened)
			}
		})
	}
}

// TestRestoredMismatchStaysOpenUntilItsSourceHasComparedAgain: a source without memory
// needs a pass and the grace period. One that remembers says when it has read all of that.
func TestRestoredMismatchStaysOpenUntilItsSourceHasComparedAgain(t *testing.T) {
	passed := func(completed signal.Count, recalled bool) func(int) signal.Report {
		return func(int) signal.Report {
			r := checkOf(signal.Effects, signal.Mismatches{Kind: signal.MissingRight})
			r.Reconciliations[0].Pass.Completed, r.Recalled = completed, recalled
			return r
		}
	}
	for name, tc := range map[string]struct {
		after func(s *script)
		open  bool
	}{
		"no pass has finished":                        {func(s *script) { s.play(time.Hour, passed(0, false)) }, true},
		"a pass has finished within the grace period": {func(s *script) { s.play(9*time.Minute, passed(1, false)) }, true},
		"the grace period is over, too":               {func(s *script) { s.play(12*time.Minute, passed(7, false)) }, false},
		"its source remembers":                        {func(s *script) { s.play(interval, passed(0, true)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			begin := s.now.Add(-time.Hour)
			s.steady(func() signal.Report { return checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1")) })
			s.crash(downtime)
			tc.after(s)
			if open := s.detector.Open(); len(open) != map[bool]int{true: 1}[tc.open] {
				t.Errorf("open %+v", open)
			}
		})
	}
}

// TestMemoryOfATopicThatWasMadeAgainIsNotBelieved: its log begins after the offset that the
// group had committed in the old one, which looks like retention that passed the group.
func TestMemoryOfATopicThatWasMadeAgainIsNotBelieved(t *testing.T) {
	for id, found := range map[string]int{"1": 1, "2": 0} {
		s := newScript(t)
		s.steady(func() signal.Report { return incarnated("1", group(1, part(0, 60, 60))) })
		s.crash(downtime)
		s.play(2*interval, func(int) signal.Report { return incarnated(id, group(1, part(75, 60, 90))) })
		if open := s.detector.Open(); len(open) != found {
			t.Errorf("the topic is %s, and was 1: open %+v", id, open)
		}
	}
}

// TestCauseThatIsNotDecidedAfterADowntimeStillMutesItsSymptoms: whether messages are still
// delivered again and again shows only after a while. Meanwhile nothing is acknowledged.
func TestCauseThatIsNotDecidedAfterADowntimeStillMutesItsSymptoms(t *testing.T) {
	s := newScript(t)
	i := 0
	spin := func(int) signal.Report { i++; return spinning(s, i) }
	s.play(20*time.Minute, spin)
	if open := s.open(); len(open) != 1 || open[0] != signal.RetryLoop {
		t.Fatalf("open %v", open)
	}
	s.opened = nil
	s.crash(2 * time.Minute)
	s.play(20*time.Minute, spin)
	if open := s.open(); len(open) != 1 || open[0] != signal.RetryLoop || len(s.opened) > 0 {
		t.Errorf("open %v, opened %+v", open, s.opened)
	}
}
