package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestMissingTableIsAnErrorAndNoMismatch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		shop(t, s, "orders", "payments")
		for _, id := range []string{"A-1", "A-2"} {
			add(t, s, "orders", id, "1", "paid")
		}
		add(t, s, "payments", "A-2", "1", "captured")
		w := watch(t, settings(s, s, "exactly_one"))
		w.next("the missing payment", missing(1))
		s.Run(t, "ALTER TABLE payments RENAME TO payments_away")
		red := w.next("an error", func(r signal.Report) bool { return r.Err != nil })
		if !strings.Contains(red.Err.Error(), "payments") || len(red.Reconciliations) > 0 && count(red, signal.MissingRight) > 1 {
			t.Errorf("%v: %+v", red.Err, red.Reconciliations)
		}
		w.next("an error, longer than the grace", func(r signal.Report) bool { return r.Err != nil && r.At.Sub(red.At) > 2*grace })
		s.Run(t, "ALTER TABLE payments_away RENAME TO payments")
		w.next("the missing payment again", missing(1))
		w.checked()
		if got := w.everConfirmed(); len(got) != 1 || got[0] != "missing_right A-1" {
			t.Errorf("reported %q", got)
		}
	})
}

func TestSlowQueryReadsFewerRowsNextTime(t *testing.T) {
	t.Parallel()
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		t.Parallel()
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s BIGINT PRIMARY KEY, created_at %s)", table, key, s.Time),
				"INSERT INTO "+table+" SELECT i, "+s.Ago(time.Hour)+" FROM "+s.Many(3000))
			s.Analyse(t, table)
			s.Grant(t, table)
		}
		s.Run(t, "DELETE FROM payments WHERE order_id = 2500")
		// Every hundredth row takes a tenth of a second: all rows take three seconds, and
		// the smallest key range half a second.
		// A view sleeps, because a query of lostorder may not.
		slow := map[string]string{
			"postgres": `CASE WHEN order_id % 100 = 0 THEN pg_sleep(0.1)::text ELSE '' END`,
			"mariadb":  `IF(order_id % 100 = 0, sleep(0.1), 0)`,
		}[s.Kind]
		s.Run(t, "CREATE VIEW slow AS SELECT order_id AS id, "+slow+" AS slept FROM payments")
		s.Grant(t, "slow")
		if s.Kind != "postgres" {
			s.Run(t, "GRANT SHOW VIEW ON slow TO "+s.Reader())
		}
		slow = "(SELECT slow.slept FROM slow WHERE slow.id = order_id) IS NOT NULL"
		text := strings.ReplaceAll(sides(s, s, "{key: id, at: ''}", "{key: order_id, at: ''}, where: \""+slow+"\"", "exactly_one"), "scan_limit: 1000", "scan_limit: 10000, statement_timeout: 2s")
		w := watch(t, text)
		late := w.next("a timeout", func(r signal.Report) bool { return r.Err != nil })
		if !strings.Contains(late.Err.Error(), "the server ended the query after the statement timeout of 2s") {
			t.Errorf("the error is %v", late.Err)
		}
		w.next("the end of a pass", func(r signal.Report) bool { return r.Complete() && r.Reconciliations[0].Pass.Completed > 0 })
		w.next("the missing payment", missing(1))
	})
}
