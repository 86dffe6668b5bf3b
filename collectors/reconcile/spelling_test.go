package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
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

// TestAccentsCountAsTheDatabaseCompares asks each database whether it takes a letter for the
// same with an accent, and compares keys alike: some languages keep them apart.
func TestAccentsCountAsTheDatabaseCompares(t *testing.T) {
	t.Parallel()
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		kinds := []string{caseless(t, s)}
		switch s.Kind {
		case "postgres":
			s.Run(t, "CREATE COLLATION level1 (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
				"CREATE COLLATION level1case (provider = icu, locale = 'und-u-ks-level1-kc-true', deterministic = false)")
			kinds = append(kinds, "TEXT COLLATE level1", "TEXT COLLATE level1case")
		case "mariadb":
			for _, collation := range []string{"utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci", "utf8mb4_swedish_ci", "utf8mb4_spanish_ci", "utf8mb3_general_ci"} {
				charset, _, _ := strings.Cut(collation, "_")
				kinds = append(kinds, "VARCHAR(60) CHARACTER SET "+charset+" COLLATE "+collation)
			}
			kinds = append(kinds, "VARCHAR(60) CHARACTER SET latin1 COLLATE latin1_swedish_ci", "VARCHAR(60) CHARACTER SET latin1 COLLATE latin1_general_ci")
			if s.MySQL {
				kinds = append(kinds, "VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_ci", "VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_es_0900_ai_ci")
			}
		}
		for _, kind := range kinds {
			for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
				s.Run(t, "DROP TABLE IF EXISTS "+table, fmt.Sprintf("CREATE TABLE %s (%s %s NOT NULL, created_at %s NULL)", table, key, kind, s.Time),
					fmt.Sprintf("CREATE INDEX %[1]s_key ON %[1]s (%[2]s)", table, key), fmt.Sprintf("CREATE INDEX %[1]s_at ON %[1]s (created_at)", table))
				s.Grant(t, table)
			}
			var unpaid []string
			for _, pair := range [][2]string{{"mañana", "manana"}, {"Äpfel", "apfel"}, {"café", "CAFE"}, {"same", "SAME"}, {"two", "too"}} {
				s.Run(t, "INSERT INTO orders VALUES ('"+pair[0]+"', "+s.Ago(time.Hour)+")", "INSERT INTO payments VALUES ('"+pair[1]+"', "+s.Ago(time.Hour)+")")
				var equal int
				if err := s.Admin.QueryRowContext(t.Context(), "SELECT count(*) FROM orders JOIN payments ON id = order_id WHERE id = '"+pair[0]+"'").Scan(&equal); err != nil {
					t.Fatal(err)
				}
				if equal == 0 {
					unpaid = append(unpaid, pair[0])
				}
			}
			w := watch(t, override(settings(s, s, "at_least_one"), []string{calm}))
			checked := w.checked()
			found, _ := checked.OfKind(signal.MissingRight)
			w.stop()
			var got []string
			for _, order := range found.Sample {
				got = append(got, order.ID)
			}
			slices.Sort(got)
			slices.Sort(unpaid)
			// Where a collation is of a language, no accent is ignored: that hides no order.
			if ofLanguage := strings.Contains(kind, "swedish") || strings.Contains(kind, "spanish") || strings.Contains(kind, "_es_") || kind == "VARCHAR(60)" && !s.MySQL; ofLanguage {
				unpaid = slices.Compact(slices.Sorted(slices.Values(append(unpaid, "café", "mañana", "Äpfel"))))
			}
			if !slices.Equal(got, unpaid) {
				t.Errorf("%s: orders without a payment are %q, want %q", kind, got, unpaid)
			}
		}
	})
}
