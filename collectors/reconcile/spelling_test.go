package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// caseless is a type whose columns ignore case, and exact one whose columns do not.
func caseless(t *testing.T, s *databasetest.Shop) string {
	t.Helper()
	switch s.Kind {
	case "sqlite":
		return "TEXT COLLATE NOCASE"
	case "postgres":
		s.Run(t, "CREATE EXTENSION IF NOT EXISTS citext")
		return "citext"
	}
	return "VARCHAR(60)"
}

func exact(s *databasetest.Shop) string {
	if s.Kind == "sqlite" || s.Kind == "postgres" {
		return "TEXT"
	}
	return "VARCHAR(60) COLLATE utf8mb4_bin"
}

// TestKeysInAnotherCaseAreOneOrderWhereBothDatabasesIgnoreCase: a payment is written A-1, and
// its order a-1. The databases find one by the other; where one of them does not, two orders
// may differ in case alone.
func TestKeysInAnotherCaseAreOneOrderWhereBothDatabasesIgnoreCase(t *testing.T) {
	t.Parallel()
	const orders = 300
	databasetest.EachPairWithMySQL(t, func(t *testing.T, l, r *databasetest.Shop) {
		table := func(s *databasetest.Shop, table, key, kind string) {
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s %s NOT NULL, created_at %s NULL)", table, key, kind, s.Time),
				fmt.Sprintf("CREATE INDEX %[1]s_key ON %[1]s (%[2]s)", table, key), fmt.Sprintf("CREATE INDEX %[1]s_at ON %[1]s (created_at)", table))
			s.Grant(t, table)
		}
		fill := func(s *databasetest.Shop, table, prefix string) {
			text := "'" + prefix + "' || i"
			if s.Kind == "mariadb" || s.Kind == "mysql" {
				text = "concat('" + prefix + "', i)"
			}
			s.Run(t, "INSERT INTO "+table+" SELECT "+text+", "+s.Ago(time.Hour)+" FROM "+s.Many(orders))
		}
		row := func(s *databasetest.Shop, table, key string) {
			s.Run(t, "INSERT INTO "+table+" VALUES ('"+key+"', "+s.Ago(time.Hour)+")")
		}
		table(l, "orders", "id", caseless(t, l))
		table(r, "payments", "order_id", caseless(t, r))
		fill(l, "orders", "Order-")
		fill(r, "payments", "oRDER-")
		w := watch(t, override(settings(l, r, "exactly_one"), []string{calm}))
		none := w.checked()
		expect(t, none, nil)
		if again := w.checked(); again.Listed != none.Listed { // digests ignore case, too
			t.Errorf("%d rows were listed where nothing differs", again.Listed-none.Listed)
		}
		row(l, "orders", "Unpaid-1")
		row(r, "payments", "unknown-1")
		row(l, "orders", "Twice-1")
		row(r, "payments", "twice-1")
		row(r, "payments", "TWICE-1")
		expect(t, w.checked(), map[signal.MismatchKind][]string{
			signal.MissingRight: {"Unpaid-1"}, signal.MissingLeft: {"unknown-1"}, signal.Duplicate: {"Twice-1"},
		})
		w.stop()

		r.Run(t, "DROP TABLE payments")
		table(r, "payments", "order_id", exact(r))
		row(r, "payments", "order-1")
		l.Run(t, "DELETE FROM orders")
		row(l, "orders", "ORDER-1")
		row(l, "orders", "order-1")
		w = watch(t, override(settings(l, r, "exactly_one"), []string{calm}))
		expect(t, w.checked(), map[signal.MismatchKind][]string{signal.MissingRight: {"ORDER-1"}})
	})
}
