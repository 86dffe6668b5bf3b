package orders_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestSQLOfAFindingListsAllItsOrders(t *testing.T) {
	const odd = `pla'ced \ "x"` // a state whose name a query has to write with care
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		id, state, since := s.Quoted("order id"), s.Quoted("State"), s.Quoted("since when")
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (%s %s PRIMARY KEY, %s %s NOT NULL, %s %s NOT NULL)", id, s.Key, state, s.Key, since, s.Time),
			fmt.Sprintf("CREATE INDEX orders_by_state ON orders (%s, %s)", state, since))
		s.Grant(t, "orders", id, state, since)
		written := "'" + strings.ReplaceAll(odd, "'", "''") + "'"
		if s.Kind == "mariadb" {
			written = strings.ReplaceAll(written, `\`, `\\`)
		}
		var late, unknown []string
		for i := range 40 {
			late, unknown = append(late, fmt.Sprintf("L-%02d", i)), append(unknown, fmt.Sprintf("U-%02d", i))
			s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('%s', %s, %s)", late[i], written, s.Ago(time.Hour-time.Duration(i)*time.Second)),
				fmt.Sprintf("INSERT INTO orders VALUES ('%s', 'FRAUD', %s)", unknown[i], s.Ago(time.Hour-time.Duration(i)*time.Second)))
		}
		s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('new', %s, %s)", written, s.Ago(time.Second)))
		source := ", columns: {order_id: order id, state: State, since: since when}"
		r := read(t, settings(s.URL, "", source, "\n    sample: 5\n    cap: 10\n    states: {odd: {values: '"+strings.ReplaceAll(odd, "'", "''")+"', max: 5m, next: [done]}, done: {}}\n"))
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if l := r.Lifecycles[0]; len(l.Undeclared) != 1 || len(l.States[0].Sample) != 5 || l.States[0].Overdue != 10 {
			t.Fatalf("%+v", l)
		}
		if got := s.Listed(t, r.Lifecycles[0].States[0].SQL); !slices.Equal(got, late) {
			t.Errorf("%s lists %q, want %q", r.Lifecycles[0].States[0].SQL, got, late)
		}
		if got := s.Listed(t, r.Lifecycles[0].Undeclared[0].SQL); !slices.Equal(got, unknown) {
			t.Errorf("%s lists %q, want %q", r.Lifecycles[0].Undeclared[0].SQL, got, unknown)
		}
	})
}
