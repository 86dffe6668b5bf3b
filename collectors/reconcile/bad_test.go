package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// shop creates orders and payments with text ids, and an index on each column that needs
// one.
func shop(t *testing.T, s *databasetest.Shop, tables ...string) {
	t.Helper()
	for _, table := range tables {
		key := map[string]string{"orders": "id", "payments": "order_id"}[table]
		s.Run(t, "CREATE TABLE "+table+" ("+key+" "+s.Key+", amount DECIMAL(12, 2), state "+s.Key+", created_at "+s.Time+" NULL)",
			"CREATE INDEX "+table+"_key ON "+table+" ("+key+")", "CREATE INDEX "+table+"_at ON "+table+" (created_at)")
		s.Grant(t, table)
	}
}

// add adds a row that is an hour old.
func add(t *testing.T, s *databasetest.Shop, table, id, amount, state string) {
	t.Helper()
	s.Run(t, "INSERT INTO "+table+" VALUES ('"+id+"', "+amount+", '"+state+"', "+s.Ago(time.Hour)+")")
}

func TestInvalidConfigIsRefused(t *testing.T) {
	same := &databasetest.Shop{URL: "sqlite:/x.db"}
	for _, test := range []struct{ name, text, want string }{
		{"keys with different numbers of columns", sides(same, same, "{key: [tenant, id]}", "{key: order_id}", "exactly_one"), "right.columns.key: has 1 columns, and left.columns.key has 2; name the columns that hold the same values"},
		{"equal without values", settings(same, same, "equal"), "left.columns.values: empty, but expect: equal compares values; name for example amount and status"},
		{"different numbers of values", sides(same, same, "{key: id, values: [a, b]}", "{key: id, values: a}", "equal"), "right.columns.values: has 1 columns, and left.columns.values has 2"},
		{"values that are not compared", sides(same, same, "{key: id, values: a}", "{key: id, values: a}", "exactly_one"), "left.columns.values: only expect: equal compares values; use it, or remove values"},
		{"an unknown expectation", settings(same, same, "some"), `expect: "some" is not allowed; use one of: exactly_one, at_least_one, at_most_one, equal`},
		{"an unknown kind", settings(same, same, "exactly_one", "kind: copy"), `kind: "copy" is not allowed`},
		{"an invalid cron pattern", settings(same, same, "exactly_one", "off_peak: at night"), "off_peak: not a cron pattern; write for example"},
		{"a within that is not longer than the grace", settings(same, same, "exactly_one", "within: 500ms"), "within: 500ms is not more than twice the grace of 400ms"},
		{"a within without timestamps", sides(same, same, "{key: id, at: ''}", "{key: id}", "exactly_one", "within: 7d"), "left.columns.at: empty, but within needs the time of each row"},
		{"a predicate that is a statement", strings.ReplaceAll(settings(same, same, "exactly_one"), "columns: {key: id}", "columns: {key: id}, where: 'state = 1; drop'"), "left.where: a semicolon ends a statement"},
		{"a table compared with itself", strings.ReplaceAll(settings(same, same, "exactly_one"), "billing, table: payments", "shop, table: orders"), "right.table: is the same table as on the left; a table always matches itself"},
		{"an unknown database", strings.ReplaceAll(settings(same, same, "exactly_one"), "database: billing", "database: biling"), "did you mean"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(test.text)
			if err == nil || !strings.Contains(err.Error(), "reconciliations[0]."+test.want) && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("one mistake is reported in several lines: %v", err)
			}
		})
	}
}

func TestErrorsNameTheMistake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, from, to string
		want           []string
	}{
		{"a missing column", "{key: order_id}", "{key: orderid}", []string{`table`, `payments has no column "orderid"; did you mean order_id?`, "right.columns.key in the config"}},
		{"a missing table", "table: orders", "table: order", []string{"find table", "did you mean orders?"}},
		{"a predicate with a missing column", "{key: id}", "{key: id}, where: channel = 3", []string{"channel", "orders"}},
		{"a column without times", "{key: id}", "{key: id, at: state}", []string{"column state", "holds no time"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s *databasetest.Shop) {
				if s.Kind == "sqlite" && test.name == "a column without times" {
					t.Skip("a column of SQLite may hold anything")
				}
				shop(t, s, "orders", "payments")
				add(t, s, "orders", "A-1", "1", "paid")
				w := watch(t, strings.ReplaceAll(settings(s, s, "exactly_one"), test.from, test.to))
				r := w.next("an error", func(r signal.Report) bool { return r.Err != nil })
				t.Log(r.Err)
				for _, want := range test.want {
					if !strings.Contains(r.Err.Error(), want) {
						t.Errorf("the error does not contain %q", want)
					}
				}
			})
		})
	}
}
