package reconcile_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// never is a cron pattern that stops the pass: only new rows are compared.
const never = `off_peak: "0 0 30 2 *"`

// justNow adds a row with the current time.
func justNow(t *testing.T, s *databasetest.Shop, table, id, state string) {
	t.Helper()
	s.Run(t, "INSERT INTO "+table+" VALUES ('"+id+"', 1, '"+state+"', "+s.Ago(0)+")")
}

func TestMismatchesOfEachExpectation(t *testing.T) {
	t.Parallel()
	type story struct {
		expect   string
		more     []string
		before   func(t *testing.T, s *databasetest.Shop)              // rows before the first reading
		after    func(t *testing.T, s *databasetest.Shop, w *watching) // changes while readings run
		reported []string                                              // all mismatches that are ever reported
	}
	for name, tc := range map[string]story{
		"an order without a payment is found when it arrives, and closes when it is paid": {
			expect: "exactly_one", more: []string{never},
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				justNow(t, s, "orders", "A-1", "paid")
				w.next("the missing payment", missing(1))
				justNow(t, s, "payments", "A-1", "captured")
				w.next("its end", missing(0))
			},
			reported: []string{"missing_right A-1"},
		},
		"a second payment is found when it arrives, and so is a payment without an order": {
			expect: "at_most_one", more: []string{never},
			before: func(t *testing.T, s *databasetest.Shop) { add(t, s, "orders", "A-1", "1", "paid") },
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				justNow(t, s, "payments", "A-1", "captured")
				justNow(t, s, "payments", "A-1", "captured")
				justNow(t, s, "payments", "A-9", "captured")
				w.next("both", func(r signal.Report) bool {
					return r.Complete() && count(r, signal.Duplicate) == 1 && count(r, signal.MissingLeft) == 1
				})
			},
			reported: []string{"duplicate A-1", "missing_left A-9"},
		},
		"benign: a payment within the grace period": {
			expect: "exactly_one", more: []string{"grace: 5s"},
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				justNow(t, s, "orders", "A-1", "paid")
				w.suspects(1)
				justNow(t, s, "payments", "A-1", "captured")
				w.suspects(0)
				w.checked()
			},
		},
		"benign: a payment visible before its order, which a long transaction commits": {
			expect: "exactly_one", more: []string{"grace: 5s"},
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				justNow(t, s, "payments", "A-1", "captured")
				w.suspects(1)
				add(t, s, "orders", "A-1", "1", "paid") // an hour old
				w.suspects(0)
				w.checked()
			},
		},
		"benign: several payments where they are allowed": {
			expect: "at_least_one",
			before: func(t *testing.T, s *databasetest.Shop) {
				add(t, s, "orders", "A-1", "1", "paid")
				for range 80 {
					add(t, s, "payments", "A-1", "1", "captured")
				}
			},
		},
		"benign: no refund where it is optional": {
			expect: "at_most_one",
			before: func(t *testing.T, s *databasetest.Shop) {
				add(t, s, "orders", "A-1", "1", "paid")
				add(t, s, "orders", "A-2", "1", "paid")
				add(t, s, "payments", "A-2", "1", "captured")
			},
		},
		"benign: an order that no longer matches the condition keeps its payment": {
			expect: "exactly_one", more: []string{"left: {database: shop, table: orders, columns: {key: id}, where: state = 'paid'}"},
			before: func(t *testing.T, s *databasetest.Shop) {
				add(t, s, "orders", "A-1", "1", "paid")
				add(t, s, "orders", "A-2", "1", "placed")
				add(t, s, "payments", "A-1", "1", "captured")
			},
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				w.checked()
				s.Run(t, "UPDATE orders SET state = 'refunded' WHERE id = 'A-1'")
				w.checked()
			},
		},
		"a payment that does not match the condition does not count": {
			expect: "exactly_one", more: []string{"right: {database: billing, table: payments, columns: {key: order_id}, where: state = 'captured'}"},
			before: func(t *testing.T, s *databasetest.Shop) {
				add(t, s, "orders", "A-1", "1", "paid")
				add(t, s, "orders", "A-2", "1", "paid")
				add(t, s, "payments", "A-1", "1", "declined")
				add(t, s, "payments", "A-2", "1", "declined")
				add(t, s, "payments", "A-2", "1", "captured")
			},
			reported: []string{"missing_right A-1"},
		},
		"benign: an order archived on one side and then the other": {
			expect: "exactly_one", more: []string{"grace: 5s"},
			before: func(t *testing.T, s *databasetest.Shop) {
				add(t, s, "orders", "A-1", "1", "paid")
				add(t, s, "payments", "A-1", "1", "captured")
			},
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				w.checked()
				s.Run(t, "DELETE FROM orders WHERE id = 'A-1'")
				w.suspects(1)
				s.Run(t, "DELETE FROM payments WHERE order_id = 'A-1'")
				w.suspects(0)
				w.checked()
			},
		},
		"benign: old events are cleaned up, and within excludes them": {
			expect: "at_least_one", more: []string{"kind: event", "within: 30m"},
			before: func(t *testing.T, s *databasetest.Shop) {
				add(t, s, "orders", "A-1", "1", "paid") // an hour old, its event is gone
				justNow(t, s, "orders", "A-2", "paid")
				justNow(t, s, "payments", "A-2", "captured")
			},
		},
		"a row with a future or NULL timestamp is found by the pass": {
			expect: "exactly_one",
			before: func(t *testing.T, s *databasetest.Shop) {
				s.Run(t, "INSERT INTO orders VALUES ('A-1', 1, 'paid', "+s.Ago(-time.Hour)+")", "INSERT INTO orders VALUES ('A-2', 1, 'paid', NULL)")
			},
			reported: []string{"missing_right A-1", "missing_right A-2"},
		},
		"an invalid timestamp that sorts last does not stop the comparison of new rows": {
			expect: "exactly_one", more: []string{never},
			before: func(t *testing.T, s *databasetest.Shop) {
				moment := map[string]string{"postgres": "'infinity'", "sqlite": "'when the customer calls'"}[s.Kind]
				if moment == "" {
					t.Skip("this database has no such moments")
				}
				s.Run(t, "INSERT INTO orders VALUES ('A-0', 1, 'paid', "+moment+")")
				add(t, s, "payments", "A-0", "1", "captured")
			},
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				w.next("a reading", func(r signal.Report) bool { return r.Complete() })
				w.next("another", func(r signal.Report) bool { return r.Complete() })
				justNow(t, s, "orders", "A-1", "paid")
				w.next("the missing payment", missing(1))
			},
			reported: []string{"missing_right A-1"},
		},
		"benign: payments without an order id": {
			expect: "exactly_one",
			before: func(t *testing.T, s *databasetest.Shop) {
				s.Run(t, "INSERT INTO payments VALUES (NULL, 1, 'captured', "+s.Ago(0)+")", "INSERT INTO payments VALUES (NULL, 1, 'captured', "+s.Ago(time.Hour)+")")
			},
		},
		"benign: orders and payments arrive while key ranges are read": {
			expect: "exactly_one", more: []string{"grace: 5s"},
			after: func(t *testing.T, s *databasetest.Shop, w *watching) {
				read := w.readings()
				for i := 0; w.readings() < read+15; i++ {
					id := "B-" + strconv.Itoa(i*7919%100_000)
					justNow(t, s, "orders", id, "paid")
					justNow(t, s, "payments", id, "captured")
					time.Sleep(time.Millisecond) // which leaves time for the readings
				}
				w.checked()
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s *databasetest.Shop) {
				shop(t, s, "orders", "payments")
				if tc.before != nil {
					tc.before(t, s)
				}
				w := watch(t, override(settings(s, s, tc.expect), tc.more))
				if tc.after == nil {
					w.checked()
				} else {
					tc.after(t, s, w)
				}
				if got := w.everConfirmed(); !slices.Equal(got, tc.reported) && len(got)+len(tc.reported) > 0 {
					t.Errorf("reported %q, want %q", got, tc.reported)
				}
			})
		})
	}
}

// override replaces or adds keys of the check.
func override(text string, more []string) string {
	for _, line := range more {
		key, _, _ := strings.Cut(line, ":")
		before := regexp.MustCompile(`(?m)^    ` + key + `:.*$`)
		if before.MatchString(text) {
			text = before.ReplaceAllLiteralString(text, "    "+line)
		} else {
			text = strings.TrimRight(text, " \n") + "\n    " + line + "\n"
		}
	}
	return strings.TrimRight(text, " \n") + "\n"
}

func count(r signal.Report, kind signal.MismatchKind) signal.Count {
	m, _ := r.Reconciliations[0].OfKind(kind)
	return m.Count
}

func missing(n signal.Count) func(signal.Report) bool {
	return func(r signal.Report) bool { return r.Complete() && count(r, signal.MissingRight) == n }
}

func TestMismatchIsReportedOnlyAfterTwoReadings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		shop(t, s, "orders", "payments")
		add(t, s, "orders", "A-1", "1", "paid")
		for range 2 { // also after a restart
			w := watch(t, settings(s, s, "exactly_one"))
			began := time.Now()
			w.next("a reading", func(r signal.Report) bool { return r.Complete() })
			w.next("the missing payment", missing(1))
			if took := time.Since(began); took < grace {
				t.Errorf("it was reported after %s, and the grace is %s", took, grace)
			}
		}
	})
}

func TestPrimaryConfirmsMismatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		replica := databasetest.SQLite(t)
		shop(t, s, "orders", "payments")
		shop(t, replica, "payments") // which never catches up
		add(t, s, "orders", "A-1", "1", "paid")
		add(t, s, "payments", "A-1", "1", "captured")
		text := strings.Replace(settings(s, replica, "exactly_one"), "{database: billing,", "{database: billing, primary: shop,", 1)
		w := watch(t, text)
		w.suspects(1)
		first := w.next("a pass", func(r signal.Report) bool { return r.Complete() }).Reconciliations[0].Pass.Completed
		w.next("passes", func(r signal.Report) bool { return r.Complete() && r.Reconciliations[0].Pass.Completed > first+20 })
		if got := w.everConfirmed(); len(got) > 0 {
			t.Errorf("reported %q, which the primary has", got)
		}
	})
}

var createIndex = regexp.MustCompile(`CREATE INDEX [^;]*;`)

func TestLargeTableIsReadByIndexOrRefused(t *testing.T) {
	t.Parallel()
	const rows = 3000 // three times the scan limit
	each(t, func(t *testing.T, s *databasetest.Shop) {
		for _, table := range []string{"orders", "payments"} {
			s.Run(t, "CREATE TABLE "+table+" (id BIGINT, created_at "+s.Time+")",
				"INSERT INTO "+table+" SELECT i, "+s.Ago(time.Hour)+" FROM "+s.Many(rows))
			s.Analyse(t, table)
			s.Grant(t, table)
		}
		w := watch(t, sides(s, s, "{key: id}", "{key: id}", "exactly_one"))
		for range 8 {
			r := w.next("a reading", func(r signal.Report) bool { return r.Complete() || strings.Contains(r.Err.Error(), "refused") })
			if r.Complete() {
				break
			}
			statements := createIndex.FindAllString(r.Err.Error(), -1)
			if len(statements) == 0 {
				t.Fatalf("the refusal prints no index: %v", r.Err)
			}
			slices.Sort(statements)
			for _, text := range slices.Compact(statements) {
				t.Log(text)
				s.Run(t, text)
			}
			w.next("a reading after it", func(r signal.Report) bool {
				return r.Complete() || !slices.Equal(createIndex.FindAllString(r.Err.Error(), -1), statements)
			})
		}
		r := w.next("a whole reading", func(r signal.Report) bool { return r.Complete() && r.Reconciliations[0].Pass.Completed > 0 })
		if got := r.Reconciliations[0]; got.Compared < rows || got.Listed > rows*5/2 {
			t.Errorf("compared %d, listed %d", got.Compared, got.Listed)
		}
	})
}
