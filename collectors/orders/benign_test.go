package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// The rows of a long transaction become visible long after their time, after later rows
// of other orders were read.
func TestLongTransactionIsNoConflict(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		add(t, s, "a", "placed", 4*time.Minute)
		move(t, s, "a", "placed 4m")
		next := follow(t, settings(s.URL, "", "", strings.Replace(shopStates, "late: 1m", "late: 1s", 1)))
		quiet := func(when, placed string) {
			t.Helper()
			next() // may have been read before
			r := next()
			_, state := whole(t, r)
			confirmed, suspected := conflictsOf(r)
			if got := fmt.Sprintf("placed %d, paid %d, overdue %d", state["placed"].Orders, state["paid"].Orders, state["placed"].Overdue+state["paid"].Overdue); got != placed || len(confirmed)+len(suspected) > 0 {
				t.Errorf("%s: %s, want %s; confirmed %q, suspected %q", when, got, placed, confirmed, suspected)
			}
		}
		quiet("before", "placed 1, paid 0, overdue 0")
		tx, err := s.Admin.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		for _, text := range []string{
			"INSERT INTO moves (order_id, state, created_at) VALUES ('a', 'paid', " + s.Ago(3*time.Minute) + ")",
			"UPDATE orders SET state = 'paid', updated_at = " + s.Ago(3*time.Minute) + " WHERE id = 'a'",
		} {
			if _, err := tx.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
		quiet("while it is open", "placed 1, paid 0, overdue 0")
		// Other orders continue and are read beyond the times that it wrote.
		move(t, s, "b", "placed 60s, paid 30s, shipped 20s")
		quiet("after later rows were read", "placed 1, paid 0, overdue 0")
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		move(t, s, "a", "shipped 10s") // which by itself looks like a transition from placed
		for range 4 {
			next()
		}
		r := next()
		if confirmed, _ := conflictsOf(r); len(confirmed) > 0 {
			t.Errorf("after it, confirmed %q", confirmed)
		}
	})
}

// Rows that only look overdue: soft-deleted, imported when they were done, or re-opened a
// moment ago.
func TestDeletedImportedAndReopenedOrdersAreNotOverdue(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, fmt.Sprintf("ALTER TABLE orders ADD COLUMN deleted_at %s NULL", s.Time))
		add(t, s, "deleted", "placed", 100*time.Hour)
		s.Run(t, "UPDATE orders SET deleted_at = updated_at WHERE id = 'deleted'")
		s.Run(t, fmt.Sprintf("INSERT INTO orders (id, state, updated_at) SELECT i, 'shipped', %s FROM %s", s.Ago(1000*time.Hour), s.Many(5000)))
		add(t, s, "reopened", "shipped", 100*time.Hour)
		s.Run(t, "UPDATE orders SET state = 'placed', updated_at = "+s.Ago(time.Second)+" WHERE id = 'reopened'")
		_, state := whole(t, read(t, settings(s.URL, "", ", where: deleted_at IS NULL", states)))
		if p := state["placed"]; p.Orders != 1 || p.Overdue != 0 || len(p.Sample) != 1 || p.Sample[0].ID != "reopened" {
			t.Errorf("placed is %+v, want the re-opened order, not overdue", p)
		}
		_, state = whole(t, read(t, settings(s.URL, "", "", states)))
		if p := state["placed"]; p.Orders != 2 || p.Overdue != 1 {
			t.Errorf("without the predicate, placed has %d orders, %d overdue; want 2, 1", p.Orders, p.Overdue)
		}
	})
}
