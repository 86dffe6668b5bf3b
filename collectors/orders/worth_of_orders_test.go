package orders_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// makePricedMoves creates an order table with amounts and all that a lifecycle reads beside it: a
// history with conflicts, two orders of one request, and a state that is not declared.
func makePricedMoves(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, fmt.Sprintf("CREATE TABLE orders (id %[1]s PRIMARY KEY, state %[1]s NOT NULL, updated_at %[2]s NOT NULL, created_at %[2]s NOT NULL, request %[1]s, total DECIMAL(12, 2), currency %[1]s)", s.Key, s.Time),
		"CREATE INDEX orders_by_state ON orders (state, updated_at)", "CREATE INDEX orders_created ON orders (created_at, id, request, state)")
	s.Grant(t, "orders", "id", "state", "updated_at", "created_at", "request", "total", "currency")
	serial := map[string]string{"postgres": "BIGSERIAL PRIMARY KEY", "mariadb": "BIGINT AUTO_INCREMENT PRIMARY KEY", "sqlite": "INTEGER PRIMARY KEY"}[s.Kind]
	s.Run(t, fmt.Sprintf(`CREATE TABLE moves (id %s, order_id %s NOT NULL, state %s NOT NULL, created_at %s NOT NULL, traceparent VARCHAR(80), void INTEGER NOT NULL DEFAULT 0)`, serial, s.Key, s.Key, s.Time),
		"CREATE INDEX moves_at ON moves (created_at, id)", "CREATE INDEX moves_order ON moves (order_id, created_at)")
	s.Grant(t, "moves", "id", "order_id", "state", "created_at", "traceparent", "void")
	for _, o := range []struct{ id, state, request, total, currency string }{
		{"c1", "shipped", "'q1'", "18240.50", "'EUR'"},
		{"c2", "shipped", "'q2'", "0.10", "'EUR'"},
		{"c3", "shipped", "'q3'", "40.00", "'USD'"},
		{"d1", "paid", "'twice'", "7.00", "'EUR'"},
		{"d2", "paid", "'twice'", "9.00", "'EUR'"},
		{"u1", "FRAUD", "'q4'", "250.00", "'EUR'"},
		{"u2", "FRAUD", "'q5'", "250.00", "'EUR'"},
	} {
		ago := 2 * time.Minute
		if o.id == "d2" {
			ago = time.Minute
		}
		s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('%s', '%s', %[3]s, %[3]s, %[4]s, %[5]s, %[6]s)", o.id, o.state, s.Ago(ago), o.request, o.total, o.currency))
	}
	for _, id := range []string{"c1", "c2", "c3", "gone"} {
		move(t, s, id, "placed 60s, shipped 30s")
	}
}

const pricedStates = `
    states:
      placed: {max: 5m, next: [paid, cancelled]}
      paid: {max: 1h, next: [shipped]}
      shipped: {terminal: true}
      cancelled: {abandoned: true}
    history: {table: moves, late: 1m}
    duplicates: {key: [request], within: 1h, interval: 100ms}
`

func TestOrdersThatAreNotOverdueAreWorthTheirExactSumToo(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makePricedMoves(t, s)
		for _, updated := range []string{"", ", updated: updated_at"} {
			next := follow(t, settings(s.URL, "", ", columns: {amount: total, currency: currency"+updated+"}", pricedStates))
			next()
			r := next() // the second reading confirms the conflicts
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			l := r.Lifecycles[0]
			worth := map[string]signal.Amount{}
			for _, c := range l.History.Conflicts {
				worth[c.ID] = c.Worth
			}
			if want := map[string]signal.Amount{
				"c1": {Currency: "EUR", Value: "18240.5", Orders: 1}, "c2": {Currency: "EUR", Value: "0.1", Orders: 1}, "c3": {Currency: "USD", Value: "40", Orders: 1}, "gone": {},
			}; !reflect.DeepEqual(worth, want) {
				t.Errorf("orders with a conflict are worth %+v, want %+v", worth, want)
			}
			if want := (signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "9", Orders: 1}}, Coverage: signal.CoversAll}); !reflect.DeepEqual(l.Duplicates.AtStake, want) {
				t.Errorf("duplicates are worth %+v, want %+v: the first order of the request is none", l.Duplicates.AtStake, want)
			}
			if want := (signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "500", Orders: 2}}, Coverage: signal.CoversAll}); len(l.Undeclared) != 1 || !reflect.DeepEqual(l.Undeclared[0].AtStake, want) {
				t.Errorf("orders in an undeclared state are %+v, want %+v", l.Undeclared, want)
			}
		}
	})
}

func TestAmountsThatCannotBeReadCostOnlyTheAmounts(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makePricedMoves(t, s)
		// Without an index, one order of many can only be found by a scan.
		n, limit := 200_000, ""
		if s.Kind == "sqlite" {
			n, limit = 3000, ", scan_limit: 1000"
		}
		s.Run(t, fmt.Sprintf("CREATE TABLE keyless (id %[1]s NOT NULL, state %[1]s NOT NULL, updated_at %[2]s NOT NULL, created_at %[2]s NOT NULL, request %[1]s, total DECIMAL(12, 2), currency %[1]s)", s.Key, s.Time),
			"CREATE INDEX keyless_by_state ON keyless (state, updated_at)", "CREATE INDEX keyless_created ON keyless (created_at, id, request, state)",
			"INSERT INTO keyless SELECT * FROM orders",
			fmt.Sprintf("INSERT INTO keyless (id, state, updated_at, created_at) SELECT i, 'shipped', %[1]s, %[1]s FROM %[2]s", s.Ago(48*time.Hour), s.Many(n)))
		s.Analyse(t, "keyless")
		s.Grant(t, "keyless", "id", "state", "updated_at", "created_at", "request", "total", "currency")
		next := follow(t, strings.Replace(settings(s.URL, limit, ", columns: {amount: total, currency: currency}", pricedStates), "table: orders,", "table: keyless,", 1))
		next()
		r := next()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if l := r.Lifecycles[0]; len(l.History.Conflicts) != 4 || len(l.Duplicates.Groups) != 1 || len(l.Duplicates.AtStake.Amounts) > 0 {
			t.Errorf("without amounts, conflicts are %+v and duplicates %+v", l.History.Conflicts, l.Duplicates)
		}
		checkWarning(t, r, "how much money is at stake", "refused")
	})
}
