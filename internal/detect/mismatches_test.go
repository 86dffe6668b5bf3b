package detect_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// checkOf is a reading of a check of orders against something.
func checkOf(means signal.ReconciliationKind, mismatches ...signal.Mismatches) signal.Report {
	return signal.Report{Reconciliations: []signal.Reconciliation{{
		Name: "payments", Kind: means, Grace: 10 * time.Minute, Suspects: 3,
		Left: signal.Store{Database: "shop", Table: "orders"}, Right: signal.Store{Database: "billing", Table: "payments"},
		Mismatches: append([]signal.Mismatches{{Kind: signal.MissingLeft}, {Kind: signal.Different}}, mismatches...),
	}}}
}

// mismatched are mismatches that began at a moment, of orders with these ids.
func mismatched(kind signal.MismatchKind, since time.Time, ids ...string) signal.Mismatches {
	m := signal.Mismatches{Kind: kind, Count: signal.Count(len(ids)), Since: signal.InstantOf(since), ConfirmedAt: signal.InstantOf(since.Add(10 * time.Minute))}
	for _, id := range ids {
		m.Sample = append(m.Sample, signal.OrderRef{ID: id, Since: m.Since})
	}
	return m
}

var checkCases = map[string]storeCase{
	"an order without a payment": {
		story: func(s *script) {
			begin := s.now.Add(-10 * time.Minute)
			s.play(time.Minute, func(int) signal.Report {
				return checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1", "A-2"))
			})
		},
		found: []signal.Mode{signal.OrderUnmatched}, open: []signal.Mode{signal.OrderUnmatched}, orders: []string{"A-1", "A-2"},
	},
	"payments of orders that there are not are one finding with orders that have none": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				r := checkOf(signal.Effects, mismatched(signal.MissingRight, s.now, "A-1"))
				r.Reconciliations[0].Mismatches[0] = mismatched(signal.MissingLeft, s.now, "A-7")
				return r
			})
		},
		found: []signal.Mode{signal.OrderUnmatched}, open: []signal.Mode{signal.OrderUnmatched}, orders: []string{"A-1", "A-7"},
	},
	"an order that was paid twice": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(int) signal.Report { return checkOf(signal.Effects, mismatched(signal.Duplicate, begin, "A-3")) })
		},
		found: []signal.Mode{signal.EffectDuplicate}, open: []signal.Mode{signal.EffectDuplicate}, orders: []string{"A-3"},
	},
	"one more order joins the finding, and it closes when all are healed": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(i int) signal.Report {
				ids := []string{"A-1", "A-2", "A-3", "A-4"}[:i+1]
				return checkOf(signal.Effects, mismatched(signal.MissingRight, begin, ids...))
			})
			s.play(time.Minute, func(int) signal.Report { return checkOf(signal.Effects, signal.Mismatches{Kind: signal.MissingRight}) })
		},
		found: []signal.Mode{signal.OrderUnmatched}, orders: []string{"A-1"},
	},
	"a database that cannot be read heals nothing": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(int) signal.Report { return checkOf(signal.Effects, mismatched(signal.Duplicate, begin, "A-3")) })
			s.fail(time.Hour)
		},
		found: []signal.Mode{signal.EffectDuplicate}, open: []signal.Mode{signal.EffectDuplicate}, orders: []string{"A-3"},
	},
	"a round that is cut short every time still tells": {
		story: func(s *script) {
			begin := s.now
			s.partial = true
			s.play(time.Minute, func(int) signal.Report {
				r := checkOf(signal.Effects, mismatched(signal.MissingRight, begin, "A-1"))
				r.Err = errors.New("timeout")
				return r
			})
		},
		found: []signal.Mode{signal.OrderUnmatched}, open: []signal.Mode{signal.OrderUnmatched}, orders: []string{"A-1"},
	},
	"an event without its order is no order without its event": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				r := checkOf(signal.Events)
				r.Reconciliations[0].Mismatches[0] = mismatched(signal.MissingLeft, s.now, "A-7")
				return r
			})
		},
		found: []signal.Mode{signal.OrderUnmatched}, open: []signal.Mode{signal.OrderUnmatched}, orders: []string{"A-7"},
	},
	"an order that a copy shows as it was": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(int) signal.Report {
				r := checkOf(signal.Replicas)
				r.Reconciliations[0].Mismatches[1] = mismatched(signal.Different, begin, "A-5")
				return r
			})
		},
		found: []signal.Mode{signal.ReplicaDivergence}, open: []signal.Mode{signal.ReplicaDivergence}, orders: []string{"A-5"},
	},
	"an order that a copy has not is unmatched": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(int) signal.Report {
				return checkOf(signal.Replicas, mismatched(signal.MissingRight, begin, "A-5"))
			})
		},
		found: []signal.Mode{signal.OrderUnmatched}, open: []signal.Mode{signal.OrderUnmatched}, orders: []string{"A-5"},
	},
	"an order without its event": {
		story: func(s *script) {
			begin := s.now
			s.play(time.Minute, func(int) signal.Report { return checkOf(signal.Events, mismatched(signal.MissingRight, begin, "A-8")) })
		},
		found: []signal.Mode{signal.EventMissing}, open: []signal.Mode{signal.EventMissing}, orders: []string{"A-8"},
	},
	"benign: a copy that is behind within its grace": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := checkOf(signal.Replicas, signal.Mismatches{Kind: signal.MissingRight})
				r.Reconciliations[0].Suspects = signal.Count(1 + i%9)
				return r
			})
		},
	},
	"benign: events that wait to be published, and an outbox that is cleaned up": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := checkOf(signal.Events, signal.Mismatches{Kind: signal.MissingRight})
				r.Outboxes = outbox(signal.Count(i%20), fmt.Sprint(i), s.now.Add(-30*time.Second)).Outboxes
				return r
			})
		},
	},
	"benign: payments that are within their grace": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := checkOf(signal.Effects, signal.Mismatches{Kind: signal.MissingRight})
				r.Reconciliations[0].Suspects = signal.Count(i % 40)
				return r
			})
		},
	},
	"benign: orders that may have several payments": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return checkOf(signal.Effects) })
		},
	},
	"benign: nothing was compared yet, after a restart": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return checkOf(signal.Effects, signal.Mismatches{Kind: signal.MissingRight}) })
			s.restart()
			s.play(time.Minute, func(int) signal.Report { return checkOf(signal.Effects, signal.Mismatches{Kind: signal.MissingRight}) })
		},
	},
}

func TestReconciliationModes(t *testing.T) {
	for name, tc := range checkCases {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			tc.check(s)
			for _, f := range s.opened {
				if len(f.Evidence) == 0 || f.Count != int64(len(f.OrderIDs)) || f.DecidableAt.Before(f.Since) && f.DecidableAt.IsZero() {
					t.Errorf("the finding is %+v", f)
				}
			}
		})
	}
}

func TestEvidenceOfAMismatchNamesBothSides(t *testing.T) {
	s := newScript(t)
	m := mismatched(signal.Duplicate, s.now, "A-1")
	m.Details, m.Capped = []signal.Detail{{OrderID: "A-1", Text: "2 rows"}}, true
	s.play(time.Minute, func(int) signal.Report { return checkOf(signal.Effects, m) })
	if len(s.opened) != 1 {
		t.Fatalf("found %+v", s.opened)
	}
	got := fmt.Sprint(s.opened[0].Evidence)
	want := "[{orders_with_several at least 1} {left orders (database shop)} {right payments (database billing)} {for_example A-1: 2 rows} {grace 10m0s}]"
	if got != want || s.opened[0].Subject.String() != "check payments (database shop)" {
		t.Errorf("%s: %s", s.opened[0].Subject, got)
	}
}

func TestAnEmptySideIsTheFirstFact(t *testing.T) {
	s := newScript(t)
	began, written := s.now.Add(-time.Hour), s.now.Add(-100*24*time.Hour)
	s.play(time.Minute, func(int) signal.Report {
		m := mismatched(signal.MissingRight, began, "A-1", "A-2")
		m.Capped, m.Oldest = true, signal.InstantOf(written)
		r := checkOf(signal.Effects, m)
		r.Reconciliations[0].Right.Empty = true
		return r
	})
	open := s.detector.Open()
	if len(open) != 1 {
		t.Fatalf("there are %d findings, want 1", len(open))
	}
	f := open[0]
	if !f.Since.Equal(began) {
		t.Errorf("since %s, want %s, when it was first read", f.Since, began)
	}
	if first := f.Evidence[0]; first.Name != "cause" || first.Value.String() != "payments (database billing) is empty: it has no row that counts" {
		t.Errorf("the first fact is %+v", first)
	}
	for name, want := range map[string]string{"orders_without_partner": "at least 2", "oldest_row": written.UTC().Format(time.RFC3339)} {
		if fact, _ := f.Evidence.Find(name); fact.Value.String() != want {
			t.Errorf("%s is %q, want %q", name, fact.Value, want)
		}
	}
}

// TestSQLOfMismatchesIsInTheFindingThatDoesNotNameThemAll has a statement for each kind.
func TestSQLOfMismatchesIsInTheFindingThatDoesNotNameThemAll(t *testing.T) {
	s := newScript(t)
	missing := func(kind signal.MismatchKind, sql string) signal.Mismatches {
		m := mismatched(kind, s.now.Add(-time.Hour), "A-1", "A-2")
		m.Count, m.SQL = 1000, sql
		return m
	}
	s.play(time.Minute, func(int) signal.Report {
		r := checkOf(signal.Effects, missing(signal.MissingRight, "SELECT 1"))
		r.Reconciliations[0].Mismatches[0] = missing(signal.MissingLeft, "SELECT 2")
		return r
	})
	if len(s.opened) != 1 {
		t.Fatalf("opened %+v", s.opened)
	}
	if sql, _ := s.opened[0].Evidence.Find(signal.SQLFact); sql.Value.Text != "SELECT 1;\nSELECT 2" {
		t.Errorf("the SQL is %q", sql.Value.Text)
	}
}
