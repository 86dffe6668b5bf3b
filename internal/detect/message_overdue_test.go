package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// queued is a queue that received and processed so many messages, whose oldest has waited
// for an age by the time in the message.
func queued(s *script, arrived, processed int64, age time.Duration) signal.Report {
	r := group(1, measured(part(0, processed, arrived), s.now.Add(-age)))
	if arrived > processed {
		r.Queues[0].Oldest = r.Queues[0].Partitions[0].Head
	}
	return r
}

// perInterval is how many messages arrive in an interval: five a second.
const perInterval = int64(5 * interval / time.Second)

// lateBy is the i-th reading of a queue whose messages each wait that long.
func lateBy(s *script, i int, wait time.Duration) signal.Report {
	arrived := 10_000 + int64(i)*perInterval
	return queued(s, arrived, arrived-int64(wait/time.Second)*5, wait)
}

var overdueCases = map[string]scenario{
	"every message waits six minutes, as many arrive as are processed": {
		story: func(s *script) {
			s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, i, 6*time.Minute) })
		},
		found: []signal.Mode{signal.MessageOverdue},
		open:  []signal.Mode{signal.MessageOverdue},
	},
	"it closes when messages are in time again": {
		story: func(s *script) {
			s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, i, 6*time.Minute) })
			s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, 80+i, time.Minute) })
		},
		found: []signal.Mode{signal.MessageOverdue},
	},
	"one slow partition of two": {
		story: func(s *script) {
			s.play(30*time.Minute, func(i int) signal.Report {
				arrived := 1000 + int64(i)
				slow := measured(part(0, arrived-30, arrived), s.now.Add(-30*interval))
				r := group(2, slow, part(0, 10*arrived, 10*arrived))
				r.Queues[0].Oldest = slow.Head
				return r
			})
		},
		found: []signal.Mode{signal.MessageOverdue},
		open:  []signal.Mode{signal.MessageOverdue},
	},
	"a stall is the cause of late messages": {
		story: func(s *script) {
			s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, i, 6*time.Minute) })
			s.play(12*time.Minute, func(i int) signal.Report {
				arrived := 10_000 + 80*perInterval
				return queued(s, arrived+int64(i), arrived-1800, 6*time.Minute+time.Duration(i)*interval)
			})
		},
		found: []signal.Mode{signal.MessageOverdue, signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: a burst that drains": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return lateBy(s, i, 2*time.Second) })
			s.play(40*time.Minute, func(i int) signal.Report {
				arrived := 10_000 + int64(40+i)*perInterval + 9000
				waits := max(0, 9000-int64(i)*75)
				return queued(s, arrived, arrived-waits, min(time.Duration(i)*interval, time.Duration(waits/10)*time.Second))
			})
		},
	},
	"benign: messages behind an open transaction, which consumers read once it ends": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report { return lateBy(s, i, 2*time.Second) })
			begin := s.now
			s.play(12*time.Minute, func(i int) signal.Report {
				r := queued(s, 11_000+int64(i), 10_950, s.now.Sub(begin))
				t := signal.OpenTransaction{Partition: 0, Start: 10_950, Messages: signal.Count(50 + i), Producer: signal.Unknown, Remedy: "end it"}
				ongoing(s, 2*time.Hour)(&t)
				r.Queues[0].OpenTransactions = []signal.OpenTransaction{t}
				return r
			})
			s.play(2*time.Minute, func(i int) signal.Report {
				return queued(s, 11_050+int64(i), 10_960+10*int64(i), max(0, 12*time.Minute-time.Duration(i)*time.Minute))
			})
			s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, 1000+i, 2*time.Second) })
		},
	},
	"benign: a nightly batch that drains in three hours": {
		story: func(s *script) {
			begin := s.now
			s.play(4*time.Hour, func(i int) signal.Report {
				done := min(20_000, int64(i)*28)
				return queued(s, 20_000, done, s.now.Sub(begin))
			})
		},
	},
	"benign: a replay of a week that catches up": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				left := max(0, 100_000-int64(i)*400)
				arrived := 200_000 + int64(i)*10
				return queued(s, arrived, arrived-left, time.Duration(left)*6*time.Second)
			})
		},
	},
	"benign: a producer whose clock is ten minutes behind": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				arrived := 10_000 + int64(i)*perInterval
				return queued(s, arrived, arrived-10, 10*time.Minute)
			})
		},
	},
	"benign: messages that wait almost as long as they may": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report { return lateBy(s, i, 4*time.Minute+50*time.Second) })
		},
	},
	"benign: an outage of an hour between late messages and messages in time": {
		story: func(s *script) {
			s.play(4*time.Minute, func(i int) signal.Report { return lateBy(s, i, 6*time.Minute) })
			s.blind(time.Hour)
			s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, 300+i, time.Second) })
		},
	},
	"benign: a dead letter queue": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := lateBy(s, i, 6*time.Minute)
				r.DeadLetters = []signal.DeadLetterQueue{signal.NewDeadLetterQueue(signal.Kafka, "main", "orders")}
				return r
			})
		},
	},
}

func TestOverdueMessages(t *testing.T) { playAll(t, overdueCases) }

func TestOverdueMessagesAreAWarningUpToTwiceTheObjective(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, i, 6*time.Minute) })
	if len(s.opened) != 1 || s.opened[0].Severity != signal.Warning {
		t.Fatalf("opened %+v, want one warning", s.opened)
	}
	f := s.opened[0]
	if want := begin.Add(interval + objective.MaxAge); !f.DecidableAt.Equal(want) || f.DetectedAt.Sub(want) > 2*interval {
		t.Errorf("decidable at %s, found at %s, want within two intervals of %s", f.DecidableAt, f.DetectedAt, want)
	}
	for name, want := range map[string]string{
		"oldest_message_age": "6m0s (measured)", "objective_max_age": "5m0s", "waiting_messages": "1800", "arrivals": "5.0/s", "drain_rate": "at most 5.0/s",
	} {
		if got := fact(f.Evidence, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if want := "Messages have waited longer than the objective of 5 minutes for "; len(f.Summary) < len(want) || f.Summary[:len(want)] != want {
		t.Errorf("the summary is %q", f.Summary)
	}
	s.play(20*time.Minute, func(i int) signal.Report { return lateBy(s, 300+i, 11*time.Minute) })
	if open := s.detector.Open(); len(open) != 1 || open[0].Severity != signal.Critical {
		t.Errorf("open %+v, want critical above twice the objective", open)
	}
}
