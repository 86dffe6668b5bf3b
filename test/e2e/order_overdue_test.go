//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealOrderThatStaysTooLongIsOverdue(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		for i := range 20 {
			s.place(fmt.Sprint("done-", i), "shipped", time.Hour)
		}
		s.place("o-future", "placed", -time.Hour) // a clock that is ahead
		c := settings{}
		s.watchOrders(c)
		p := start(t, c)
		p.silent(interval)

		s.place("o-1", "placed", 0)
		s.place("o-2", "placed", 0)
		s.place("o-3", "placed", time.Hour)
		s.place("o-4", "paid", time.Hour) // which has no limit
		f := p.find(signal.OrderOverdue, s.placed())
		p.names(f, "o-1", "o-2", "o-3")
		p.counts(f, 3)
		if f = p.byID(f.ID); f.Severity != signal.Critical || f.OrderIDs[0] != "o-3" {
			t.Errorf("got %s", inJSON(f))
		}
		p.says(f, "overdue_orders", "3", "max_dwell", maxAge.String())
		for metric, want := range map[string]float64{"lostorder_orders": 4, "lostorder_orders_overdue": 3, "lostorder_order_max_dwell_seconds": maxAge.Seconds()} {
			if got, _ := p.value(metric, "lifecycle=order", "state=placed"); got != want {
				t.Errorf("%s is %v, want %v", metric, got, want)
			}
		}

		s.move("paid", "o-1")
		s.move("cancelled", "o-3")
		p.names(f, "o-2")
		s.move("paid", "o-2")
		p.closes(f)
		p.silent(maxAge)
	})
}

func TestRealOrderWithinItsDeadlineIsNotOverdue(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		for i := range 20 {
			s.place(fmt.Sprint("done-", i), "shipped", 30*24*time.Hour)
			s.place(fmt.Sprint("gone-", i), "cancelled", 30*24*time.Hour)
		}
		s.place("o-paid", "paid", 30*24*time.Hour)
		// Every order is paid after a third of its deadline.
		n := 0
		repeat(t, maxAge/6, func() error {
			n++
			if n > 2 {
				if _, err := s.Admin.Exec(fmt.Sprintf("UPDATE orders SET state = 'paid', updated_at = %s WHERE id = 'o-%d'", s.Ago(0), n-2)); err != nil {
					return err
				}
			}
			_, err := s.Admin.Exec(fmt.Sprintf("INSERT INTO orders (id, state, updated_at) VALUES ('o-%d', 'placed', %s)", n, s.Ago(0)))
			return err
		})
		c := settings{}
		s.watchOrders(c)
		start(t, c).silent(watchFor)
	})
}
