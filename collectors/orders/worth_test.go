package orders_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// makePriced creates an order table with amounts: exact ones where the engine has them.
func makePriced(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	decimal := "DECIMAL(12, 2)"
	s.Run(t, fmt.Sprintf("CREATE TABLE orders (id %[1]s PRIMARY KEY, state %[1]s NOT NULL, updated_at %[2]s NOT NULL, total %[3]s NULL, currency %[1]s NULL, cents BIGINT NULL)", s.Key, s.Time, decimal),
		"CREATE INDEX orders_by_state ON orders (state, updated_at)")
	s.Grant(t, "orders", "id", "state", "updated_at", "total", "currency", "cents")
	add := func(id, state string, ago time.Duration, total, currency, cents string) {
		s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('%s', '%s', %s, %s, %s, %s)", id, state, s.Ago(ago), total, currency, cents))
	}
	for i := range 10 { // a sum in floating point is 0.9999999999999999
		add(fmt.Sprint("E-", i), "placed", time.Hour, "0.10", "'EUR'", "10")
	}
	add("D-1", "placed", 2*time.Hour, "18240.50", "'usd'", "1824050")
	add("N-1", "placed", time.Hour, "NULL", "'EUR'", "NULL")
	add("new", "placed", time.Second, "500.00", "'EUR'", "50000")
	add("P-1", "paid", time.Hour, "700.00", "'EUR'", "70000")
}

func TestOverdueOrdersAreWorthTheirExactSum(t *testing.T) {
	const states = "\n    states: {placed: {max: 5m, next: [paid]}, paid: {max: 1d, next: [done]}, done: {}}\n"
	for name, c := range map[string]struct {
		source, more string
		want         signal.Stake
		warns        string
	}{
		"a column of the currency": {
			", columns: {amount: total, currency: currency}", "",
			signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "1", Orders: 10}, {Currency: "USD", Value: "18240.5", Orders: 1}}, Coverage: signal.CoversAll},
			"1 overdue orders in state placed have no amount that is a number in column total",
		},
		"one currency, in cents": {
			", columns: {amount: cents}, currency: EUR, minor_units: 2", "",
			signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "18241.5", Orders: 11}}, Coverage: signal.CoversAll},
			"have no amount",
		},
		"more orders than the cap": {
			", columns: {amount: total, currency: currency}", "    cap: 1\n",
			signal.Stake{Amounts: signal.Amounts{{Currency: "USD", Value: "18240.5", Orders: 1}}, Coverage: signal.CoversCounted},
			"",
		},
		"a table that shows only when a row was changed": {
			", columns: {amount: total, currency: currency, updated: updated_at}", "",
			signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "1", Orders: 10}, {Currency: "USD", Value: "18240.5", Orders: 1}}, Coverage: signal.CoversAll},
			"have no amount",
		},
		"no amount": {"", "", signal.Stake{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
				makePriced(t, s)
				r := read(t, settings(s.URL, "", c.source, states+c.more))
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				placed, paid := r.Lifecycles[0].States[0], r.Lifecycles[0].States[1]
				if !reflect.DeepEqual(placed.AtStake, c.want) {
					t.Errorf("at stake is %+v, want %+v", placed.AtStake, c.want)
				}
				if len(paid.AtStake.Amounts) > 0 {
					t.Errorf("orders that are not overdue are worth %+v", paid.AtStake)
				}
				if c.warns != "" && !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, c.warns) }) {
					t.Errorf("no warning %q in %q", c.warns, r.Warnings)
				}
			})
		})
	}
}

func TestMoneyThatDoesNotFitIsRefused(t *testing.T) {
	const states = "\n    states: {placed: {max: 5m, next: [paid]}, paid: {}}\n"
	for source, want := range map[string]string{
		", columns: {amount: total}":      "source.columns.amount: an amount needs a currency; name its column as columns.currency, or write for example currency: EUR",
		", columns: {currency: currency}": "source.columns.currency: given without amount",
		", currency: EUR":                 "source.currency: given without columns.amount",
		", minor_units: 2":                "source.minor_units: given without columns.amount",
		", columns: {amount: total, currency: currency}, currency: EUR": "source.currency: given together with columns.currency; keep one of them",
		", columns: {amount: total}, currency: EUR, minor_units: 7":     "source.minor_units: ",
	} {
		if _, err := parse(settings("sqlite:/x.db", "", source, states)); err == nil || !strings.Contains(err.Error(), "lifecycles[0]."+want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

func TestAmountsThatTakeTooLongAreReadOfTheSample(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		if s.Kind != "mariadb" {
			t.Skip("it has no function that waits, or reads no more after a timeout")
		}
		makePriced(t, s)
		s.Run(t, "ALTER TABLE orders RENAME TO kept",
			"CREATE VIEW orders AS SELECT id, state, updated_at, total + SLEEP(0.1) AS total, currency FROM kept")
		s.Grant(t, "kept", "id", "state", "updated_at", "total", "currency")
		s.Grant(t, "orders", "id", "state", "updated_at", "total", "currency")
		s.Run(t, "GRANT SHOW VIEW ON orders TO "+s.Reader())
		// Twelve orders take 1.2 s, three take 0.3 s.
		r := read(t, settings(s.URL, ", statement_timeout: 700ms", ", columns: {order_id: id, amount: total, currency: currency}", "\n    states: {placed: {max: 5m, next: [paid]}, paid: {max: 1d, next: [done]}, done: {}}\n    sample: 3\n"))
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		checkWarning(t, r, "how much money is at stake", "timeout")
		placed := r.Lifecycles[0].States[0]
		want := signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "0.2", Orders: 2}, {Currency: "USD", Value: "18240.5", Orders: 1}}, Coverage: signal.CoversSample}
		if placed.Overdue != 12 || !reflect.DeepEqual(placed.AtStake, want) {
			t.Errorf("%d overdue orders are worth %+v, want %+v", placed.Overdue, placed.AtStake, want)
		}
	})
}
