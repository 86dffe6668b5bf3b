package detect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// behindTransaction is a group with one member that stands at an open transaction of partition 0. change
// says what is known of it.
func behindTransaction(change func(t *signal.OpenTransaction)) signal.Report {
	r := group(1, part(0, 50, 60))
	t := signal.OpenTransaction{Partition: 0, Start: 50, Messages: 10, Producer: signal.Unknown, Remedy: "end it"}
	if change != nil {
		change(&t)
	}
	r.Queues[0].OpenTransactions = []signal.OpenTransaction{t}
	return r
}

// ongoing is a transaction that lostorder may describe; its producer wrote to it just now.
func ongoing(s *script, timeout time.Duration) func(t *signal.OpenTransaction) {
	return func(t *signal.OpenTransaction) {
		t.ID, t.Producer, t.ProducerEpoch = "billing-1", 4001, 3
		t.Began, t.Timeout = signal.InstantOf(time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)), timeout
		t.LastWrite = signal.InstantOf(s.now)
	}
}

var transactionCases = map[string]scenario{
	"a transaction with nothing known but its first offset": {
		story: func(s *script) {
			s.play(7*time.Minute, func(int) signal.Report { return behindTransaction(nil) })
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
		found: []signal.Mode{signal.TransactionHanging},
	},
	"a producer that died inside a transaction below its timeout": {
		story: func(s *script) {
			s.play(6*time.Minute, func(int) signal.Report {
				return behindTransaction(func(t *signal.OpenTransaction) {
					ongoing(s, time.Hour)(t)
					t.LastWrite = t.Began
				})
			})
		},
		found: []signal.Mode{signal.TransactionHanging},
		open:  []signal.Mode{signal.TransactionHanging},
	},
	"a producer that writes to a transaction beyond its timeout": {
		story: func(s *script) {
			s.play(12*time.Minute, func(int) signal.Report { return behindTransaction(ongoing(s, 10*time.Minute)) })
		},
		found: []signal.Mode{signal.TransactionHanging},
		open:  []signal.Mode{signal.TransactionHanging},
	},
	"a transaction that its coordinator ended, while its producer writes on": {
		story: func(s *script) {
			s.play(6*time.Minute, func(int) signal.Report {
				return behindTransaction(func(t *signal.OpenTransaction) {
					ongoing(s, time.Hour)(t)
					t.Ended = true
				})
			})
		},
		found: []signal.Mode{signal.TransactionHanging},
		open:  []signal.Mode{signal.TransactionHanging},
	},
	"consumers that are restarted in vain do not close it and are no loop": {
		story: func(s *script) {
			s.play(20*time.Minute, func(i int) signal.Report {
				r := behindTransaction(nil)
				if i%8 == 7 {
					r.Queues[0].Consumers, r.Queues[0].Members = 0, 0
					return r
				}
				r.Queues[0].Members = uint64(1 + i/8)
				return r
			})
		},
		found: []signal.Mode{signal.TransactionHanging},
		open:  []signal.Mode{signal.TransactionHanging},
	},
	"the stall that follows it is a finding of its own": {
		story: func(s *script) {
			s.play(6*time.Minute, func(int) signal.Report { return behindTransaction(nil) })
			s.play(12*time.Minute, func(int) signal.Report { return group(1, part(0, 55, 60)) })
		},
		found: []signal.Mode{signal.TransactionHanging, signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"a partition that stalls beside one that is held back": {
		story: func(s *script) {
			s.play(12*time.Minute, func(int) signal.Report {
				r := behindTransaction(ongoing(s, time.Hour))
				r.Queues[0].Partitions = append(r.Queues[0].Partitions, part(0, 3, 9))
				r.Queues[0].Partitions[1].ID = 1
				return r
			})
		},
		found: []signal.Mode{signal.ConsumerStalled},
		open:  []signal.Mode{signal.ConsumerStalled},
	},
	"benign: a long transaction whose producer writes and that is below its timeout": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return behindTransaction(ongoing(s, 2*time.Hour)) })
			s.play(2*interval, func(int) signal.Report { return group(1, part(0, 50, 60)) }) // it has ended
			s.play(time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
	},
	"benign: a long transaction that ends, and whose end reaches the partition a moment later": {
		story: func(s *script) {
			s.play(20*time.Minute, func(int) signal.Report { return behindTransaction(ongoing(s, time.Hour)) })
			s.play(2*interval, func(int) signal.Report {
				return behindTransaction(func(t *signal.OpenTransaction) {
					ongoing(s, time.Hour)(t)
					t.Ended, t.Timeout = true, 0
				})
			})
			s.play(10*time.Minute, func(int) signal.Report { return group(1, part(0, 60, 60)) })
		},
	},
	"benign: the backlog behind a living transaction, which its consumers work off once it ends": {
		story: func(s *script) {
			s.play(2*time.Minute, func(int) signal.Report { return group(1, part(0, 50, 50)) })
			end := int64(50)
			s.play(8*time.Minute, func(int) signal.Report {
				end += 10
				r := group(1, part(0, 50, end))
				t := signal.OpenTransaction{Partition: 0, Start: 50, Messages: signal.Count(end - 50), Producer: signal.Unknown}
				ongoing(s, time.Hour)(&t)
				r.Queues[0].OpenTransactions = []signal.OpenTransaction{t}
				return r
			})
			s.play(5*time.Minute, func(i int) signal.Report {
				end += 10
				return group(1, part(0, min(end, 52+int64(i)*30), end))
			})
		},
	},
	"benign: a transaction that is aborted after four minutes": {
		story: func(s *script) {
			s.play(4*time.Minute, func(int) signal.Report { return behindTransaction(nil) })
			s.play(time.Hour, func(int) signal.Report {
				p := part(0, 50, 61)
				p.NothingToDeliver = true
				return group(1, p)
			})
		},
	},
	"benign: many short transactions, at each of which the group is seen to stand": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				n := int64(i)
				r := group(1, part(0, n*10, n*10+5))
				r.Queues[0].OpenTransactions = []signal.OpenTransaction{{Partition: 0, Start: n * 10, Messages: 5, Producer: signal.Unknown}}
				return r
			})
		},
	},
	"benign: one transaction after another behind a commit marker": {
		story: func(s *script) {
			s.play(12*time.Minute, func(i int) signal.Report {
				start := int64(51 + i/16) // four minutes each
				r := group(1, part(0, 50, 80))
				r.Queues[0].OpenTransactions = []signal.OpenTransaction{{Partition: 0, Start: start, Messages: signal.Count(80 - start), Producer: signal.Unknown}}
				return r
			})
		},
	},
}

func TestTransactionHanging(t *testing.T) { playAll(t, transactionCases) }

func TestHangingTransactionIsFoundAtItsDeadlineWithItsProducer(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(6*time.Minute, func(int) signal.Report {
		r := behindTransaction(func(t *signal.OpenTransaction) {
			ongoing(s, time.Hour)(t)
			t.LastWrite = t.Began
		})
		other := r.Queues[0]
		other.Group = "fraud"
		r.Queues[0].Sample = []signal.OrderRef{{ID: "A-17"}}
		r.Queues = append(r.Queues, other)
		return r
	})
	if len(s.opened) != 2 {
		t.Fatalf("opened %d findings, want one for each group", len(s.opened))
	}
	f := s.opened[slices.IndexFunc(s.opened, func(f signal.Finding) bool { return f.Subject.Group != "fraud" })]
	if want := begin.Add(interval + objective.MaxAge); !f.DecidableAt.Equal(want) || f.DetectedAt.Sub(want) >= interval {
		t.Errorf("decidable at %s, detected at %s, want within one interval of %s", f.DecidableAt, f.DetectedAt, want)
	}
	if f.Severity != signal.Warning || f.Count != 10 || !slices.Equal(f.OrderIDs, []string{"A-17"}) {
		t.Errorf("%s, %d messages, orders %v", f.Severity, f.Count, f.OrderIDs)
	}
	for name, want := range map[string]string{
		"position":               "partition 0: open transaction at offset 50, log end 60",
		"transactional_id":       "billing-1",
		"producer":               "4001, epoch 3",
		"broker_aborts_it_at":    "2026-03-29T01:30:00Z",
		"other_groups_held_back": "fraud",
		"command_to_end_it":      "end it",
	} {
		if got := fact(f.Evidence, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestHangingTransactionBecomesCritical(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(t *signal.OpenTransaction)
		says   string
	}{
		"at once when its coordinator ended it":      {func(t *signal.OpenTransaction) { t.Ended = true }, "never received the end"},
		"after twice the objective when it may end":  {func(t *signal.OpenTransaction) { t.Began, t.Timeout = 1, time.Hour }, "its producer is silent"},
		"after twice the objective when all is open": {nil, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(11*time.Minute, func(int) signal.Report { return behindTransaction(tc.change) })
			open := s.detector.Open()
			if len(open) != 1 || open[0].Severity != signal.Critical || !strings.Contains(fact(open[0].Evidence, "transaction_state"), tc.says) {
				t.Errorf("open %+v", open)
			}
			if at := strings.HasPrefix(name, "at once"); at != (s.opened[0].Severity == signal.Critical) {
				t.Errorf("opened as %s", s.opened[0].Severity)
			}
		})
	}
}
