package detect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// queueCases are stories of one group.
var queueCases = map[string]scenario{
	"one partition of three hangs while the others are busy": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report {
				n := int64(i)
				return group(3, part(0, 100+n*10, 105+n*10), part(0, 50, 60+n), part(0, 7+n, 7+n))
			})
		},
		found: []signal.Mode{signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"a stalled group that goes on again closes its finding": {
		story: func(s *script) {
			s.play(6*time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(time.Minute, func(i int) signal.Report { return group(1, part(0, 51+int64(i), 60)) })
		},
		found: []signal.Mode{signal.ConsumerStalled},
	},
	"a group that was assigned a partition and never commits": {
		story: func(s *script) {
			s.play(8*time.Minute, func(i int) signal.Report {
				return group(1, part(0, signal.Unknown, 60+int64(i)))
			})
		},
		found: []signal.Mode{signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: a slow consumer that commits once in four minutes": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				n := int64(i)
				return group(1, part(0, n/16*16, n+16))
			})
		},
	},
	"benign: a dead letter queue that an operator reads now and then": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := group(signal.Count(i/20%2), part(0, 50, 60))
				r.Queues[0].Destination = "orders.dlq"
				r.DeadLetters = deadLetters(signal.Unknown, signal.Unknown).DeadLetters
				return r
			})
		},
	},
	"benign: an idle topic": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
	},
	"benign: a lag of one that is a commit marker": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report {
				p := part(0, 59, 60)
				p.NothingToDeliver = true
				return group(1, p)
			})
		},
	},
	"a hanging partition is found though some readings lack it": {
		story: func(s *script) {
			s.partial = true
			s.play(7*time.Minute, func(i int) signal.Report {
				p := part(0, 50, 60)
				if i%3 == 2 {
					p.Start, p.End = signal.Unknown, signal.Unknown
				}
				return group(1, p)
			})
		},
		found: []signal.Mode{signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: old messages of a group that never committed, in readings that lack them now and then": {
		story: func(s *script) {
			s.partial = true
			s.play(time.Hour, func(i int) signal.Report {
				p := part(0, signal.Unknown, 60)
				if i%7 == 3 {
					p.Start, p.End = signal.Unknown, signal.Unknown
				}
				return group(1, p)
			})
		},
	},
	"benign: a partition without a leader for ten minutes, with messages waiting": {
		story: func(s *script) {
			s.partial = true
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(10*time.Minute, func(int) signal.Report {
				return group(1, signal.Partition{Assignment: signal.Assigned, Start: signal.Unknown, End: signal.Unknown, Committed: 50})
			})
			s.play(4*time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
	},
	"benign: a commit-only group that commits on one partition after the other": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				n := int64(i)
				parts := []signal.Partition{part(0, n, n+1), part(0, n, n+1), part(0, n, n+1)}
				r := group(signal.Unknown, parts...)
				if i < 20 {
					r.Queues[0].Partitions = []signal.Partition{parts[0], parts[2]}
				}
				return r
			})
		},
	},
	"benign: a topic with old messages that the group never meant to read": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return group(1, part(0, signal.Unknown, 60)) })
		},
	},
	"benign: the broker is away for ten minutes with messages waiting": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.fail(10 * time.Minute)
			s.play(4*time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(10*time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
	},
	"benign: lostorder itself is stopped for ten minutes with messages waiting": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.blind(10 * time.Minute)
			s.play(4*time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
		},
	},
	"benign: an operator resets a group without members to the end": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 50, 900)) })
			s.play(time.Hour, func(int) signal.Report { return group(0, orphan(0, 900, 900)) })
		},
	},
	"benign: the offsets of a group are deleted, and it begins at the end": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, 50, 900)) })
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, signal.Unknown, 900)) })
			s.play(time.Hour, func(i int) signal.Report { return group(1, part(0, 900+int64(i), 901+int64(i))) })
		},
	},
	"benign: a consumer that commits a hundred thousand messages at once": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				n := int64(i/8) * 100_000
				return group(1, part(0, n, n+100_000))
			})
		},
	},
	"benign: lostorder restarts again and again beside a slow consumer": {
		story: func(s *script) {
			for n := range int64(8) {
				s.play(4*time.Minute, func(int) signal.Report { return group(1, part(0, 50+n, 600)) })
				s.restart()
			}
		},
	},
	"benign: a replay from the beginning of the log": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 6000, 6000)) })
			s.play(20*time.Minute, func(i int) signal.Report { return group(1, part(0, int64(i)*50, 6000)) })
		},
	},
	"the consumers die with messages waiting": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return group(2, part(0, 50+int64(i), 51+int64(i))) })
			s.play(4*time.Minute, func(i int) signal.Report { return group(0, orphan(0, 54, 56+int64(i))) })
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"one partition belongs to no member": {
		story: func(s *script) {
			s.play(5*time.Minute, func(i int) signal.Report {
				return group(1, part(0, int64(i), int64(i)+2), orphan(0, 5, 9))
			})
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"a group is deleted and leaves messages to a topic that nobody else reads": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(5*time.Minute, func(int) signal.Report { return unread() })
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"a group that was deleted comes back": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(5*time.Minute, func(int) signal.Report { return unread() })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
		found: []signal.Mode{signal.ConsumerAbsent},
	},
	"benign: a group is deleted once it has read everything": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
			s.play(time.Hour, func(int) signal.Report { return unread() })
		},
	},
	"benign: a topic that nobody ever read": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return unread() })
		},
	},
	"benign: a consumer comes back from a long absence and begins to work": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return group(2, part(0, 50+int64(i), 51+int64(i))) })
			s.play(20*time.Minute, func(i int) signal.Report { return group(0, orphan(0, 54, 56+int64(i))) })
			s.play(2*time.Minute, func(int) signal.Report { return group(2, part(0, 54, 200)) })
			s.play(2*time.Minute, func(i int) signal.Report { return group(2, part(0, 100+int64(i)*20, 200)) })
		},
		found: []signal.Mode{signal.ConsumerAbsent}, // and not stalled
	},
	"benign: a partition without an owner gets one, which begins to work": {
		story: func(s *script) {
			s.play(20*time.Minute, func(i int) signal.Report {
				return group(1, part(0, int64(i), int64(i)+2), orphan(0, 5, 9))
			})
			s.play(2*time.Minute, func(i int) signal.Report {
				return group(1, part(0, 100+int64(i), 102+int64(i)), part(0, 5, 9))
			})
			s.play(2*time.Minute, func(i int) signal.Report {
				return group(1, part(0, 200+int64(i), 202+int64(i)), part(0, 9, 9))
			})
		},
		found: []signal.Mode{signal.ConsumerAbsent}, // and not stalled
	},
	"benign: a deploy of a minute and a half": {
		story: func(s *script) {
			for range 5 {
				s.play(5*time.Minute, func(i int) signal.Report { return group(2, part(0, 50+int64(i), 51+int64(i))) })
				s.play(90*time.Second, func(i int) signal.Report { return group(0, orphan(0, 70, 72+int64(i))) })
			}
		},
	},
	"benign: nobody reads and nothing waits": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return group(0, orphan(0, 60, 60)) })
		},
	},
	"benign: a consumer that commits without being a member": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return group(0, orphan(0, int64(i/4), 9999)) })
		},
	},
	"benign: a topic is deleted with messages waiting": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.play(time.Hour, func(int) signal.Report { return signal.Report{} })
		},
	},
	"retention passes a group that hangs": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, 50, 90)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"retention passes a live consumer that lags, which then starts again at the log start": {
		story: func(s *script) {
			old := s.now.Add(-time.Hour)
			s.play(time.Minute, func(i int) signal.Report { return group(1, measured(part(0, 50+int64(i), 9000), old)) })
			s.play(interval, func(int) signal.Report { return group(1, measured(part(70, 55, 9000), old)) })
			s.play(time.Minute, func(i int) signal.Report { return group(1, measured(part(70, 75+int64(i), 9000), old)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"retention removes the first messages of a partition that was assigned and never committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, signal.Unknown, 50)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, signal.Unknown, 55)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(55, signal.Unknown, 55)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"benign: retention removes what was there before a group that never committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, signal.Unknown, 50)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(50, signal.Unknown, 50)) })
		},
	},
	"benign: retention removes what a group without members never committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(0, signal.Unknown, 50)) })
			s.play(time.Minute, func(int) signal.Report { return group(0, orphan(55, signal.Unknown, 55)) })
		},
	},
	"benign: retention overtakes a replay of what was committed": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(100, 1000, 1000)) })
			s.play(time.Minute, func(i int) signal.Report { return group(1, part(100, 200+int64(i), 1000)) })
			s.play(2*time.Minute, func(int) signal.Report { return group(1, part(900, 210, 1000)) })
		},
	},
	"benign: another cluster takes the place of the one that was watched": {
		story: func(s *script) {
			s.identity = "one"
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
			s.identity = "two"
			s.play(2*time.Minute, func(int) signal.Report { return group(1, part(5000, 4000, 9000)) })
		},
	},
	"retention passes a group in a topic that was made anew and has grown beyond the old": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(900, 1000, 1000)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 0, 1200)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(800, 0, 1200)) })
		},
		found: []signal.Mode{signal.MessageLost},
		open:  []signal.Mode{signal.MessageLost},
	},
	"nobody reads, and now and then it cannot be told who does": {
		story: func(s *script) {
			s.partial = true
			s.play(10*time.Minute, func(i int) signal.Report {
				if i%6 == 5 || i > 30 {
					p := orphan(0, 50, 60)
					p.Assignment = signal.AssignmentUnknown
					return group(signal.Unknown, p)
				}
				return group(0, orphan(0, 50, 60))
			})
		},
		found: []signal.Mode{signal.ConsumerAbsent},
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"benign: retention removes what was committed": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { n := int64(i); return group(1, part(n*10, n*10+5, n*10+6)) })
		},
	},
	"benign: messages are purged while a live consumer has them in hand": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 50)) })
			s.play(interval, func(int) signal.Report { return group(1, measured(part(55, 50, 55), s.now.Add(-2*time.Second))) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(55, 55, 55)) })
		},
	},
	"benign: a topic is deleted and made anew": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 2)) })
			s.play(time.Minute, func(i int) signal.Report { return group(1, part(0, int64(i), 5)) })
		},
	},
	"benign: what lies below the log start went before we looked": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, 50, 70)) })
			s.restart()
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, 50, 70)) })
		},
	},
	"benign: only commit markers go below the log start": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				p := part(0, 59, 60)
				p.NothingToDeliver = true
				return group(1, p)
			})
			s.play(time.Minute, func(int) signal.Report { return group(1, part(60, 59, 60)) })
		},
	},
}

func TestQueueModes(t *testing.T) { playAll(t, queueCases) }

func TestLossIsCountedOnceWithItsRange(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
	s.play(2*time.Minute, func(int) signal.Report { return group(1, part(70, 50, 90)) })
	s.play(2*time.Minute, func(int) signal.Report { return group(1, part(80, 50, 90)) })
	s.play(2*time.Minute, func(int) signal.Report { return group(1, part(80, 90, 90)) })

	if len(s.opened) != 1 {
		t.Fatalf("opened %d findings, want one that is told once", len(s.opened))
	}
	f := s.detector.Open()[0]
	if f.Count != 30 {
		t.Errorf("count %d, want 30", f.Count)
	}
	if got := fact(f.Evidence, "partition_0"); got != "offsets 50 to 79 were never committed and can no longer be read" {
		t.Errorf("evidence of the range: %q", got)
	}
	lost := s.detector.Counters().Lost
	if len(lost) != 1 || lost[0].Messages != 30 {
		t.Errorf("tally %+v, want 30 messages of one queue", lost)
	}

	s.play(time.Hour+5*time.Minute, func(int) signal.Report { return group(1, part(80, 90, 90)) })
	if len(s.detector.Open()) != 0 {
		t.Error("the loss is still open an hour later")
	}
	if s.detector.Counters().Lost[0].Messages != 30 {
		t.Error("the counter fell")
	}
}

// TestALossSaysThatTheGroupWentOnAtTheEnd: with auto.offset.reset=latest it loses
// what can still be read, too. That is not counted, for one that is quick and begins
// at the log start looks the same.
func TestALossSaysThatTheGroupWentOnAtTheEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		then []int64 // where the group stands, reading by reading
		want string
	}{
		"at what was the end": {
			[]int64{50, 50, 90},
			"at offset 90: within 15s the group read offsets 70 to 89, or, with auto.offset.reset=latest, it skipped them and will not read them",
		},
		"past what was the end": {
			[]int64{50, 50, 50, 93},
			"at offset 93: within 15s the group read offsets 70 to 89, or, with auto.offset.reset=latest, it skipped them and will not read them",
		},
		"at the log start, and reads on":      {[]int64{50, 50, 71, 90}, ""},
		"nowhere yet":                         {[]int64{50, 50, 50}, ""},
		"in the middle, by an operator's say": {[]int64{50, 50, 80}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90)) })
			for _, at := range tc.then {
				s.play(interval, func(int) signal.Report { return group(1, part(70, at, max(90, at))) })
			}
			s.play(time.Minute, func(int) signal.Report { return group(1, part(70, tc.then[len(tc.then)-1], 95)) })
			if len(s.opened) != 1 || s.opened[0].Mode != signal.MessageLost {
				t.Fatalf("opened %+v, want one loss", s.opened)
			}
			f := s.detector.Open()[0]
			if got := fact(f.Evidence, "partition_0_went_on"); got != tc.want || f.Count != 20 {
				t.Errorf("count %d, evidence %q; want 20 and %q", f.Count, got, tc.want)
			}
		})
	}
}

// TestEachPartitionIsNamedOnceInTheEvidence: evidence is an object in JSON, in
// which a name that is there twice hides what it said first.
func TestEachPartitionIsNamedOnceInTheEvidence(t *testing.T) {
	s := newScript(t)
	s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 50, 90), part(0, 5, 9)) })
	s.play(time.Minute, func(int) signal.Report { return group(1, part(60, 50, 90), part(6, 5, 9)) })
	s.play(time.Minute, func(int) signal.Report { return group(1, part(60, 70, 90), part(6, 5, 9)) })
	s.play(time.Minute, func(int) signal.Report { return group(1, part(80, 70, 90), part(6, 5, 9)) })
	f := s.detector.Open()[0]
	const end = " were never committed and can no longer be read"
	if first, second := fact(f.Evidence, "partition_0"), fact(f.Evidence, "partition_1"); first != "offsets 50 to 59, 70 to 79"+end || second != "offsets 5 to 5"+end {
		t.Errorf("evidence of the ranges: %q, %q", first, second)
	}
	names := map[string]bool{}
	for _, one := range f.Evidence {
		if names[one.Name] {
			t.Errorf("%s is there twice: %+v", one.Name, f.Evidence)
		}
		names[one.Name] = true
	}
}

func TestStallIsFoundAtItsDeadlineAndNamesWhatWaits(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(6*time.Minute, func(int) signal.Report {
		r := group(2, part(0, 50, 60))
		r.Queues[0].Sample = []signal.OrderRef{{ID: "A-17", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"}, {ID: "A-18"}}
		return r
	})
	if len(s.opened) != 1 {
		t.Fatalf("opened %d findings, want 1", len(s.opened))
	}
	f := s.opened[0]
	if want := begin.Add(interval + objective.MaxAge); !f.DecidableAt.Equal(want) || f.DetectedAt.Sub(want) >= interval {
		t.Errorf("decidable at %s, detected at %s, want within one interval of %s", f.DecidableAt, f.DetectedAt, want)
	}
	if !slices.Equal(f.OrderIDs, []string{"A-17", "A-18"}) || f.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("orders %v, trace %q", f.OrderIDs, f.TraceID)
	}
	if got := fact(f.Evidence, "position"); got != "partition 0: committed 50, log end 60" {
		t.Errorf("position %q", got)
	}
}

func fact(e signal.Evidence, name string) string {
	for _, f := range e {
		if f.Name == name {
			return f.Value.String()
		}
	}
	return ""
}
