package detect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

var consumerStalledCases = map[string]scenario{
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
	"a stalled group that resumes closes its finding": {
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
}

func TestConsumerStalled(t *testing.T) { playAll(t, consumerStalledCases) }

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
