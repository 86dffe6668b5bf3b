package detect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// presenceCase is one failure mode with three readings: one in which it holds, the same
// without what the mode is decided from, and one in which it no longer holds.
type presenceCase struct {
	mode          signal.Mode
	fails         func(s *script, i int) signal.Report
	lacks         func(s *script, i int) signal.Report
	heals         func(s *script, i int) signal.Report
	after         time.Duration // how long it fails before it is found
	healsAfter    time.Duration // 0: a minute
	opensByItself bool          // one reading decides it, so that it cannot be about to open
}

// changed returns a reading that is changed in one respect.
func changed(read func(s *script, i int) signal.Report, change func(r *signal.Report)) func(s *script, i int) signal.Report {
	return func(s *script, i int) signal.Report {
		r := read(s, i)
		change(&r)
		return r
	}
}

func unreadPartitions(r *signal.Report) {
	for i := range r.Queues {
		for j := range r.Queues[i].Partitions {
			r.Queues[i].Partitions[j].End = signal.Unknown
		}
	}
}

func fixed(r func() signal.Report) func(*script, int) signal.Report {
	return func(*script, int) signal.Report { return r() }
}

func absentGroup() signal.Report  { return group(0, part(0, 50, 60)) }
func stalledGroup() signal.Report { return group(1, part(0, 50, 60)) }
func healthyGroup() signal.Report { return group(1, part(0, 60, 60)) }

func spinning(_ *script, i int) signal.Report { return nacked(100, 10, signal.Count(20*i), 0) }

func withoutDLQ() signal.Report {
	return signal.Report{Queues: []signal.Queue{letters(signal.SQS, "orders", nowhere)}}
}

var longAgo = time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)

func checkFor(kind signal.MismatchKind, relation signal.ReconciliationKind) presenceCase {
	mode := map[signal.MismatchKind]signal.Mode{
		signal.MissingRight: signal.OrderUnmatched, signal.Duplicate: signal.EffectDuplicate, signal.Different: signal.ReplicaDivergence,
	}[kind]
	if relation == signal.Events {
		mode = signal.EventMissing
	}
	only := func(m signal.Mismatches) signal.Report {
		r := checkOf(relation)
		r.Reconciliations[0].Mismatches = []signal.Mismatches{m}
		return r
	}
	fails := func() signal.Report { return only(mismatched(kind, longAgo, "A-1")) }
	return presenceCase{
		mode: mode, after: time.Minute, opensByItself: true,
		fails: fixed(fails),
		lacks: changed(fixed(fails), func(r *signal.Report) { r.Reconciliations[0].Mismatches = nil }),
		heals: fixed(func() signal.Report { return only(mismatched(kind, longAgo)) }),
	}
}

var presenceCases = map[string]presenceCase{
	"consumers that are not counted": {
		mode: signal.ConsumerAbsent, after: 3 * time.Minute, fails: fixed(absentGroup), heals: fixed(healthyGroup),
		lacks: fixed(func() signal.Report {
			r := group(signal.Unknown, part(0, 50, 60))
			r.Queues[0].Partitions[0].Assignment = signal.AssignmentUnknown
			return r
		}),
	},
	"a backlog that is not read, of a queue without consumers": {
		mode: signal.ConsumerAbsent, after: 3 * time.Minute, fails: fixed(absentGroup), heals: fixed(healthyGroup),
		lacks: changed(fixed(absentGroup), unreadPartitions),
	},
	"offsets that are not read": {
		mode: signal.ConsumerStalled, after: 6 * time.Minute, fails: fixed(stalledGroup), heals: fixed(healthyGroup),
		lacks: changed(fixed(stalledGroup), unreadPartitions),
	},
	"a queue whose counters are not read": {
		mode: signal.ConsumerStalled, after: 6 * time.Minute, fails: fixed(stalledGroup), heals: fixed(healthyGroup),
		lacks: changed(fixed(stalledGroup), func(r *signal.Report) { r.Queues[0].Partitions = nil }),
	},
	"the end of a log that an open transaction holds back is not read": {
		mode: signal.TransactionHanging, after: 6 * time.Minute, heals: fixed(healthyGroup),
		fails: fixed(func() signal.Report { return behindTransaction(nil) }),
		lacks: changed(fixed(func() signal.Report { return behindTransaction(nil) }), unreadPartitions),
	},
	"a backlog that is not read, of a queue that grows": {
		mode: signal.BacklogGrowing, after: 6 * time.Minute,
		fails: func(_ *script, i int) signal.Report { return filling(i, 60, 15) },
		lacks: func(_ *script, i int) signal.Report {
			r := filling(i+24, 60, 15)
			unreadPartitions(&r)
			return r
		},
		heals: func(_ *script, i int) signal.Report {
			end := 60 * int64(i+400)
			return group(1, part(0, end, end))
		},
		healsAfter: 10 * time.Minute,
	},
	"messages whose age is not read": {
		mode: signal.MessageOverdue, after: 7 * time.Minute,
		fails: func(s *script, i int) signal.Report { return lateBy(s, i, 6*time.Minute) },
		lacks: func(s *script, i int) signal.Report {
			r := lateBy(s, i+28, 6*time.Minute)
			r.Queues[0].Oldest, r.Queues[0].Partitions[0].Head = signal.Age{}, signal.Age{}
			return r
		},
		heals: func(s *script, i int) signal.Report { return lateBy(s, i+400, time.Second) },
	},
	"redeliveries that are not counted": {
		mode: signal.RetryLoop, after: 6 * time.Minute, fails: spinning,
		lacks: changed(func(s *script, i int) signal.Report { return spinning(s, i+24) }, func(r *signal.Report) { r.Queues[0].Redelivered = signal.Unknown }),
		heals: func(*script, int) signal.Report { return nacked(5000, 0, 5000, 0) }, healsAfter: 6 * time.Minute,
	},
	"a setup that is not read": {
		mode: signal.DLQMissing, after: 10 * time.Minute, fails: fixed(withoutDLQ),
		lacks: changed(fixed(withoutDLQ), func(r *signal.Report) { r.Queues[0].Setup = nil }),
		heals: fixed(func() signal.Report {
			return signal.Report{Queues: []signal.Queue{letters(signal.SQS, "orders", kept)}}
		}),
	},
	"dead letters that are not counted": {
		mode: signal.DLQFilling, after: time.Minute, opensByItself: true,
		fails: fixed(func() signal.Report { return deadLetters(2, signal.Unknown) }),
		lacks: fixed(func() signal.Report { return deadLetters(signal.Unknown, signal.Unknown) }),
		heals: fixed(func() signal.Report { return deadLetters(0, signal.Unknown) }),
	},
	"an outbox whose oldest row is not read": {
		mode: signal.OutboxStalled, after: 2 * time.Minute,
		fails: fixed(func() signal.Report { return outbox(3, "1", longAgo) }),
		lacks: changed(fixed(func() signal.Report { return outbox(3, "1", longAgo) }), func(r *signal.Report) {
			r.Outboxes[0].HeadKey, r.Outboxes[0].Oldest = "", signal.Age{}
		}),
		heals: fixed(func() signal.Report { return outbox(0, "", time.Time{}) }),
	},
	"a position that is not read": {
		mode: signal.EventMissing, after: 2 * time.Minute,
		fails: fixed(func() signal.Report { return passing("12", longAgo) }), opensByItself: true,
		lacks: changed(fixed(func() signal.Report { return passing("12", longAgo) }), func(r *signal.Report) { r.Outboxes[0].Skipped = nil }),
		heals: fixed(func() signal.Report { return passing("12") }),
	},
	"overdue orders that are not counted": {
		mode: signal.OrderOverdue, after: time.Minute, opensByItself: true,
		fails: fixed(func() signal.Report { return dwell(1, longAgo) }),
		lacks: fixed(func() signal.Report { return dwell(signal.Unknown, longAgo) }),
		heals: fixed(func() signal.Report { return dwell(0, longAgo) }),
	},
	"states that are not listed": {
		mode: signal.OrderStateUnknown, after: time.Minute, opensByItself: true,
		fails: fixed(func() signal.Report { return inFraudCheck(1, longAgo) }),
		lacks: changed(fixed(func() signal.Report { return inFraudCheck(0, longAgo) }), func(r *signal.Report) { r.Lifecycles[0].UndeclaredListed = false }),
		heals: fixed(func() signal.Report { return inFraudCheck(0, longAgo) }),
	},
	"a history that is not read": {
		mode: signal.OrderConflict, after: time.Minute, opensByItself: true,
		fails: fixed(func() signal.Report { return moved(conflict(signal.IllegalTransition, "A-1", longAgo, true)) }),
		lacks: changed(fixed(func() signal.Report { return moved() }), func(r *signal.Report) { r.Lifecycles[0].History = nil }),
		heals: fixed(func() signal.Report { return moved() }),
	},
	"a history of sagas that is not read": {
		mode: signal.CompensationFailed, after: time.Minute, opensByItself: true,
		fails: fixed(func() signal.Report { return moved(conflict(signal.NotCompensated, "A-1", longAgo, true)) }),
		lacks: changed(fixed(func() signal.Report { return moved() }), func(r *signal.Report) { r.Lifecycles[0].History = nil }),
		heals: fixed(func() signal.Report { return moved() }),
	},
	"duplicates that are not read": {
		mode: signal.OrderDuplicate, after: time.Minute, opensByItself: true,
		fails: fixed(func() signal.Report { return made([]string{"A-1", "A-2"}) }),
		lacks: changed(fixed(func() signal.Report { return made() }), func(r *signal.Report) { r.Lifecycles[0].Duplicates = nil }),
		heals: fixed(func() signal.Report { return made() }),
	},
	"a comparison of effects that is not read":  checkFor(signal.MissingRight, signal.Effects),
	"a comparison for several that is not read": checkFor(signal.Duplicate, signal.Effects),
	"a comparison of copies that is not read":   checkFor(signal.Different, signal.Replicas),
	"a comparison of events that is not read":   checkFor(signal.MissingRight, signal.Events),
}

// TestNothingClosesFromEvidenceThatTheReadingLacks: the finding stays open for as long as
// readings lack what it is decided from, and closes by the first ones that have it again.
func TestNothingClosesFromEvidenceThatTheReadingLacks(t *testing.T) {
	for name, tc := range presenceCases {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(tc.after, func(i int) signal.Report { return tc.fails(s, i) })
			if !slices.Contains(s.open(), tc.mode) {
				t.Fatalf("open %v, want %s", s.open(), tc.mode)
			}
			s.play(2*time.Hour, func(i int) signal.Report { return tc.lacks(s, i) })
			if !slices.Contains(s.open(), tc.mode) {
				t.Errorf("open %v after two hours without evidence, want %s", s.open(), tc.mode)
			}
			s.play(max(tc.healsAfter, time.Minute), func(i int) signal.Report { return tc.heals(s, i) })
			if slices.Contains(s.open(), tc.mode) {
				t.Errorf("open %v once the evidence shows that it healed", s.open())
			}
		})
	}
}

// TestNothingOpensFromEvidenceThatTheReadingLacks: what was about to be found is not found
// while readings lack what it is decided from.
func TestNothingOpensFromEvidenceThatTheReadingLacks(t *testing.T) {
	for name, tc := range presenceCases {
		if tc.opensByItself {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(tc.after/2, func(i int) signal.Report { return tc.fails(s, i) })
			if len(s.opened) > 0 {
				t.Fatalf("opened %v too early", s.opened)
			}
			s.play(2*time.Hour, func(i int) signal.Report { return tc.lacks(s, i) })
			for _, f := range s.opened {
				if f.Mode == tc.mode {
					t.Errorf("opened %+v", f)
				}
			}
		})
	}
}

func TestEvidenceThatIsMissingForADayCloses(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return dwell(1, longAgo) })
	s.play(25*time.Hour, func(int) signal.Report { return dwell(signal.Unknown, longAgo) })
	if len(s.detector.Open()) != 0 {
		t.Errorf("open %v a day after it was last seen", s.open())
	}
}

func TestLossCountersThatAreNotReadCloseNothing(t *testing.T) {
	s := newScript(t)
	read := func(n signal.Count) signal.Report {
		return counters(nil, "rabbit@a", map[string]signal.Count{"unroutable_dropped": n})
	}
	s.play(time.Minute, func(int) signal.Report { return read(1) })
	s.play(time.Minute, func(int) signal.Report { return read(4) })
	if len(s.detector.Open()) != 1 {
		t.Fatalf("open %v, want one loss", s.open())
	}
	s.play(3*time.Hour, func(int) signal.Report { return read(signal.Unknown) })
	if len(s.detector.Open()) != 1 {
		t.Errorf("open %v after hours without counters, want the loss", s.open())
	}
	s.play(time.Minute, func(int) signal.Report { return read(4) })
	if len(s.detector.Open()) != 0 {
		t.Errorf("open %v, hours after the last loss", s.open())
	}
}

// TestEveryModeAsksForItsEvidence keeps the table above complete.
func TestEveryModeAsksForItsEvidence(t *testing.T) {
	elsewhere := []signal.Mode{signal.MessageLost, signal.MessageExpiring, signal.SagaStuck} // above, in message_expiring_test.go, and as order_overdue
	for mode := range twins {
		found := slices.Contains(elsewhere, mode)
		for _, tc := range presenceCases {
			found = found || tc.mode == mode
		}
		if !found {
			t.Errorf("%s: no case shows what it needs", mode)
		}
	}
}

// TestFailureThatContinuesOverAGapStaysOneFinding: after an observation gap, and after a
// restart that restores only the findings, nothing closes until it is clear whether the
// failure continues.
func TestFailureThatContinuesOverAGapStaysOneFinding(t *testing.T) {
	for gap, leave := range map[string]func(s *script){
		"an observation gap": func(s *script) { s.blind(20 * time.Minute) },
		"a restart": func(s *script) {
			open := s.detector.OpenFindings()
			s.restart()
			s.detector.RestoreFindings(open)
			s.blind(2 * time.Minute)
		},
	} {
		for name, tc := range presenceCases {
			t.Run(gap+"/"+name, func(t *testing.T) {
				s := newScript(t)
				s.play(tc.after, func(i int) signal.Report { return tc.fails(s, i) })
				if !slices.Contains(s.open(), tc.mode) {
					t.Fatalf("open %v, want %s", s.open(), tc.mode)
				}
				leave(s)
				played := int(tc.after/interval) + int(20*time.Minute/interval)
				s.play(tc.after+time.Minute, func(i int) signal.Report { return tc.fails(s, played+i) })
				for _, f := range s.closed {
					if f.Mode == tc.mode {
						t.Errorf("closed at %s: %s", f.ClosedAt, f.Summary)
					}
				}
				if !slices.Contains(s.open(), tc.mode) {
					t.Errorf("open %v, want %s", s.open(), tc.mode)
				}
				s.play(max(tc.healsAfter, time.Minute), func(i int) signal.Report { return tc.heals(s, i) })
				if slices.Contains(s.open(), tc.mode) {
					t.Errorf("open %v once it healed", s.open())
				}
			})
		}
	}
}
