package reconcile_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestMismatchesAreWorthWhatTheirRowsSay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s %s NOT NULL, total DECIMAL(12, 2) NULL, currency %[3]s NULL, created_at %[4]s NULL)", table, key, s.Key, s.Time),
				fmt.Sprintf("CREATE INDEX %[1]s_by_key ON %[1]s (%[2]s)", table, key), fmt.Sprintf("CREATE INDEX %[1]s_by_time ON %[1]s (created_at)", table))
			s.Grant(t, table, key, "total", "currency", "created_at")
		}
		row := func(table, id, total, currency string) {
			s.Run(t, fmt.Sprintf("INSERT INTO %s VALUES ('%s', %s, '%s', %s)", table, id, total, currency, s.Ago(0)))
		}
		row("orders", "A-1", "0.10", "EUR") // not paid
		row("orders", "A-2", "0.20", "EUR")
		row("orders", "A-3", "5.00", "USD")
		row("orders", "A-4", "30.00", "EUR") // paid three times
		for range 3 {
			row("payments", "A-4", "30.00", "EUR")
		}
		row("payments", "A-9", "7.25", "EUR") // of no order
		const columns = "{key: %s, amount: total, currency: currency}"
		w := watch(t, sides(s, s, fmt.Sprintf(columns, "id"), fmt.Sprintf(columns, "order_id"), "exactly_one"))
		r := w.checked()
		for kind, want := range map[signal.MismatchKind]signal.Amounts{
			signal.MissingRight: {{Currency: "EUR", Value: "0.3", Orders: 2}, {Currency: "USD", Value: "5", Orders: 1}},
			signal.MissingLeft:  {{Currency: "EUR", Value: "7.25", Orders: 1}},
			signal.Duplicate:    {{Currency: "EUR", Value: "60", Orders: 1}},
		} {
			m, _ := r.OfKind(kind)
			if !reflect.DeepEqual(m.AtStake, signal.Stake{Amounts: want, Coverage: signal.CoversAll}) {
				t.Errorf("%s: at stake is %+v, want %+v", kind, m.AtStake, want)
			}
		}
	})
}
