package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// A key with NULL belongs to no order, and a key that the other type cannot hold has no
// partner. Neither stops the comparison of the other keys.
func TestKeysWithNullOrWithoutCounterpart(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]bool{"numbers": false, "texts, and numbers on the right": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databasetest.EachPair(t, func(t *testing.T, l, r *databasetest.Shop) {
				kind, lefts, missing := "BIGINT", []string{"'a', 1", "'a', NULL", "NULL, 1", "'b', 2", "'c', 3", "'c', -5", "'d', 9223372036854775807"}, []string{"b/2", "c/3"}
				if text {
					kind, lefts, missing = l.Key, append(lefts, "'e', 'x7'"), append(missing, "e/x7")
				}
				table := func(s *databasetest.Shop, table, kind string, rows []string) {
					s.Run(t, fmt.Sprintf("CREATE TABLE %s (tenant %s NULL, no %s NULL, created_at %s NULL)", table, s.Key, kind, s.Time),
						fmt.Sprintf("CREATE INDEX %[1]s_key ON %[1]s (tenant, no)", table), fmt.Sprintf("CREATE INDEX %[1]s_at ON %[1]s (created_at)", table))
					s.Grant(t, table)
					for _, row := range rows {
						s.Run(t, "INSERT INTO "+table+" VALUES ("+row+", "+s.Ago(time.Hour)+")")
					}
				}
				table(l, "orders", kind, lefts)
				table(r, "payments", "BIGINT", []string{"'a', 1", "'b', NULL", "NULL, 2", "'c', -5", "'d', 9223372036854775807"})
				w := watch(t, override(sides(l, r, "{key: [tenant, no]}", "{key: [tenant, no]}", "exactly_one"), []string{calm}))
				w.next("the first reading", func(r signal.Report) bool {
					if r.Err != nil {
						t.Fatal(r.Err)
					}
					return true
				})
				expect(t, w.checked(), map[signal.MismatchKind][]string{signal.MissingRight: missing})
			})
		})
	}
}

// A table of MySQL often has another character set than the orders.
func TestKeysOutsideTheOtherCharacterSet(t *testing.T) {
	t.Parallel()
	databasetest.EachServer(t, func(t *testing.T, r *databasetest.Shop) {
		for i, charset := range []string{"latin1 COLLATE latin1_german1_ci", "utf8mb3", "utf8mb4"} {
			if r.Kind != "mariadb" && i > 0 {
				break
			}
			l := databasetest.SQLite(t)
			shop(t, l, "orders")
			kind := r.Key
			if r.Kind == "mariadb" {
				kind += " CHARACTER SET " + charset
			}
			r.Run(t, "DROP TABLE IF EXISTS payments", "CREATE TABLE payments (order_id "+kind+", amount DECIMAL(12, 2), state "+r.Key+", created_at "+r.Time+")",
				"CREATE INDEX payments_key ON payments (order_id)", "CREATE INDEX payments_at ON payments (created_at)")
			r.Grant(t, "payments")
			for _, id := range []string{"é", "ok", "it''s", "ß", "?"} {
				add(t, l, "orders", id, "1", "paid")
				add(t, r, "payments", id, "1", "captured")
			}
			missing := []string{"e\u0301", "ss", "注文", "🛒"}
			for _, id := range missing {
				add(t, l, "orders", id, "1", "paid")
			}
			w := watch(t, settings(l, r, "exactly_one"))
			w.next("the first reading", func(r signal.Report) bool {
				if r.Err != nil {
					t.Fatalf("%s: %v", charset, r.Err)
				}
				return true
			})
			expect(t, w.checked(), map[signal.MismatchKind][]string{signal.MissingRight: slices.Clone(missing)})
			w.stop()
		}
	})
}

// An import, whose rows all have the time of its transaction, is more than one batch.
func TestNewRowsWithOneTimestampAreAllCompared(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, "CREATE TABLE "+table+" ("+key+" BIGINT PRIMARY KEY, created_at "+s.Time+")", "CREATE INDEX "+table+"_at ON "+table+" (created_at)")
			s.Grant(t, table)
		}
		s.Run(t, "INSERT INTO orders VALUES (0, "+s.Ago(time.Minute)+")", "INSERT INTO payments VALUES (0, "+s.Ago(time.Minute)+")")
		w := watch(t, settings(s, s, "exactly_one", never))
		w.next("a reading", func(r signal.Report) bool { return r.Complete() })
		for i, n := range []int{2500, 400, 1200} { // which end in different places of their batches
			s.Run(t, fmt.Sprintf("INSERT INTO orders SELECT %d + i, %s FROM %s", 10_000*i, s.Ago(time.Duration(30-i)*time.Second), s.Many(n)))
		}
		w.next("all of them", missing(4100))
	})
}

// One reading takes all batches of new rows with the same keys.
func TestNewRowsWithRepeatedKeysAreComparedInOneReading(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, "CREATE TABLE "+table+" ("+key+" BIGINT, created_at BIGINT)", "CREATE INDEX "+table+"_key ON "+table+" ("+key+")", "CREATE INDEX "+table+"_at ON "+table+" (created_at)")
			s.Grant(t, table)
		}
		began := time.Now().Add(-time.Minute).UnixMilli()
		s.Run(t, fmt.Sprintf("INSERT INTO payments VALUES (0, %d)", began))
		w := watch(t, sides(s, s, "{key: id}", "{key: order_id}", "at_least_one", never))
		w.next("a reading", func(r signal.Report) bool { return r.Complete() })
		const rows = 3500 // each order is paid in two parts
		s.Run(t, fmt.Sprintf("INSERT INTO payments SELECT (i + 1 - (i + 1) %% 2) / 2, %d + i FROM %s", began, s.Many(rows)))
		w.next("all of them", func(r signal.Report) bool { return r.Complete() && r.Reconciliations[0].Compared > rows/2 })
		w.mu.Lock()
		defer w.mu.Unlock()
		var most signal.Count
		for i, n := range w.compared[1:] {
			most = max(most, n-w.compared[i])
		}
		if most < rows/2 {
			t.Errorf("one reading compared no more than %d keys, of %d: %v", most, rows/2, w.compared)
		}
	})
}
