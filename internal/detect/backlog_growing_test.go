package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// filling is a group at a moment: so many messages came and so many were committed,
// per reading since the beginning.
func filling(i int, came, committed float64) signal.Report {
	return group(1, part(0, int64(float64(i)*committed), 100+int64(float64(i)*came)))
}

// growthCases are stories of queues that fill.
var growthCases = map[string]scenario{
	"messages come faster than they are processed": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return filling(i, 100, 20) })
		},
		found: []signal.Mode{signal.BacklogGrowing},
		open:  []signal.Mode{signal.BacklogGrowing},
	},
	"a backlog that is worked off after all closes": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return filling(i, 100, 20) })
			s.play(10*time.Minute, func(i int) signal.Report { return group(1, part(0, 800+int64(i)*200, 4100+int64(i)*100)) })
		},
		found: []signal.Mode{signal.BacklogGrowing},
	},
	"a backlog that grows no more and does not shrink is still one": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return filling(i, 100, 20) })
			s.play(time.Hour, func(i int) signal.Report { return group(1, part(0, 780+int64(i)*20, 4000+int64(i)*20)) })
		},
		found: []signal.Mode{signal.BacklogGrowing},
		open:  []signal.Mode{signal.BacklogGrowing},
	},
	"a few messages an hour, processed more slowly still": {
		story: func(s *script) {
			s.play(3*time.Hour, func(i int) signal.Report { return group(1, part(0, int64(i/17), int64(i/4))) })
		},
		found: []signal.Mode{signal.BacklogGrowing},
		open:  []signal.Mode{signal.BacklogGrowing},
	},
	"it grows in one partition of three": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report {
				n := int64(i)
				return group(3, part(0, n*5, n*5), part(0, n*5, n*5), part(0, n*5, n*100))
			})
		},
		found: []signal.Mode{signal.BacklogGrowing},
		open:  []signal.Mode{signal.BacklogGrowing},
	},
	"it grows, and some readings lack a partition": {
		story: func(s *script) {
			s.partial = true
			s.play(20*time.Minute, func(i int) signal.Report {
				r := filling(i, 100, 20)
				if i%5 == 4 {
					r.Queues[0].Partitions[0].Start, r.Queues[0].Partitions[0].End = signal.Unknown, signal.Unknown
				}
				return r
			})
		},
		found: []signal.Mode{signal.BacklogGrowing},
		open:  []signal.Mode{signal.BacklogGrowing},
	},
	"benign: it grows and every message is processed long before its time": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return group(1, part(0, int64(i)*1000, int64(i)*1001)) })
		},
	},
	"benign: a burst that drains": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return group(1, part(0, int64(i)*10, int64(i)*10)) })
			s.play(time.Hour, func(i int) signal.Report { return group(1, part(0, 400+int64(i)*20, 5400+int64(i)*10)) })
		},
	},
	"benign: a burst before a consumer that commits now and then": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return group(1, part(0, int64(i/8)*8, int64(i))) })
			s.play(time.Hour, func(i int) signal.Report { return group(1, part(0, 72+int64(i/16)*40, 500+int64(i/16)*40)) })
		},
	},
	"benign: a nightly batch that drains in an hour": {
		story: func(s *script) {
			s.play(10*time.Minute, func(int) signal.Report { return group(1, part(0, 100, 100)) })
			s.play(2*time.Minute, func(i int) signal.Report { return group(1, part(0, 100+int64(i)*100, 100+int64(i+1)*3000)) })
			s.play(time.Hour, func(i int) signal.Report { return group(1, part(0, 900+int64(i)*100, 24100)) })
		},
	},
	"benign: a queue that is seen for less than its window": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return filling(i, 100, 20) })
		},
	},
	"benign: lostorder restarts beside a queue that only fills for a while": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report { return filling(i, 100, 20) })
			s.restart()
			s.play(3*time.Minute, func(i int) signal.Report { return filling(i+12, 100, 20) })
		},
	},
	"benign: lostorder does not look for ten minutes in which much came": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return filling(i, 11, 10) })
			s.blind(10 * time.Minute)
			s.play(4*time.Minute, func(i int) signal.Report { return filling(i+500, 11, 10) })
		},
	},
	"benign: consumers are back after ten minutes and begin slowly": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return filling(i, 10, 10) })
			s.play(10*time.Minute, func(i int) signal.Report { return group(0, orphan(0, 40, 140+int64(i)*100)) })
			s.play(4*time.Minute, func(i int) signal.Report { return group(1, part(0, 40+int64(i), 4140+int64(i)*100)) })
			s.play(20*time.Minute, func(i int) signal.Report { return group(1, part(0, 60+int64(i)*300, 5740+int64(i)*100)) })
		},
		found: []signal.Mode{signal.ConsumerAbsent}, // and no growing backlog
	},
	"benign: no consumer reads": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return group(0, orphan(0, 40, 140+int64(i)*100)) })
		},
		found: []signal.Mode{signal.ConsumerAbsent}, // which is the cause
		open:  []signal.Mode{signal.ConsumerAbsent},
	},
	"benign: one partition hangs and its backlog grows": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				n := int64(i)
				return group(2, part(0, n*10, n*10), part(0, 7, 10+n*10))
			})
		},
		found: []signal.Mode{signal.ConsumerStalled}, // which is the cause
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: a consumer hangs after a while": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return filling(i, 10, 10) })
			s.play(20*time.Minute, func(i int) signal.Report { return group(1, part(0, 390, 490+int64(i)*10)) })
		},
		found: []signal.Mode{signal.ConsumerStalled}, // and only that
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: two partitions of three hang": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report {
				n := int64(i)
				return group(2, part(0, n*10, n*10), part(0, n*10, n*10), part(0, n*10, n*10))
			})
			s.play(20*time.Minute, func(i int) signal.Report {
				n := int64(i)
				return group(2, part(0, 390+n*10, 390+n*10), part(0, 390, 400+n*10), part(0, 390, 400+n*10))
			})
		},
		found: []signal.Mode{signal.ConsumerStalled}, // and only that
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: one partition hung, resumes and works off what waited": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				n := int64(i)
				return group(2, part(0, n, n), part(0, 7, 10+n*10))
			})
			s.play(time.Hour, func(i int) signal.Report {
				n := int64(i)
				return group(2, part(0, 240+n, 240+n), part(0, 7+n*20, 2410+n*10))
			})
		},
		found: []signal.Mode{signal.ConsumerStalled}, // which is the cause
	},
	"benign: a replay from the beginning of the log": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return group(1, part(0, 60000+int64(i), 60000+int64(i))) })
			s.play(time.Hour, func(i int) signal.Report { return group(1, part(0, int64(i)*100, 60040+int64(i))) })
		},
	},
	"benign: a topic is recreated and fills at once": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return filling(i, 11, 10) })
			s.play(4*time.Minute, func(i int) signal.Report { return filling(i, 9, 1) })
		},
	},
	"benign: a dead letter queue that fills beside a slow reader": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := filling(i, 100, 20)
				r.Queues[0].Destination = "orders.dlq"
				r.DeadLetters = deadLetters(signal.Unknown, signal.Unknown).DeadLetters
				return r
			})
		},
	},
	"benign: counters that come minutes after the depth": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				// Every five minutes the counters report what was done five minutes ago; what waits is
				// known at once, and is hardly anything.
				done := int64(max(0, i/20-1)) * 2000
				p := signal.Partition{Start: signal.Unknown, Committed: done, End: done + int64(i%7) + int64(i/40)}
				r := group(1, p)
				r.Queues[0].CounterDelay = 10 * time.Minute
				return r
			})
		},
	},
}

func TestGrowingBacklogs(t *testing.T) { playAll(t, growthCases) }

func TestGrowingBacklogIsCriticalOnceAMessageIsLate(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(6*time.Minute, func(i int) signal.Report {
		r := filling(i, 60, 15)
		r.Queues[0].Oldest = signal.Age{Since: signal.InstantOf(s.now.Add(-time.Duration(i) * 12 * time.Second)), Bound: signal.Measured}
		return r
	})
	if len(s.opened) != 1 {
		t.Fatalf("opened %d findings, want 1: %+v", len(s.opened), s.opened)
	}
	f := s.opened[0]
	if want := begin.Add(interval + objective.MaxAge); !f.DecidableAt.Equal(want) || !f.DetectedAt.Equal(want) || f.Severity != signal.Warning {
		t.Errorf("decidable at %s, detected at %s, %s, want a warning at %s", f.DecidableAt, f.DetectedAt, f.Severity, want)
	}
	for name, want := range map[string]string{
		"arrivals": "4.0/s", "drain_rate": "at most 1.0/s", "next_message_waits": "16m40s", "objective_max_age": "5m0s", "measured_over": "5m0s",
	} {
		if got := fact(f.Evidence, name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	s.play(2*time.Minute, func(i int) signal.Report {
		r := filling(i+24, 60, 15)
		r.Queues[0].Oldest = signal.Age{Since: signal.InstantOf(s.now.Add(-6 * time.Minute)), Bound: signal.Measured}
		return r
	})
	if f := s.detector.Open()[0]; f.Severity != signal.Critical {
		t.Errorf("%s once a message is late, want critical", f.Severity)
	}
}
