package orders_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// Pages and the position of the last reading end among rows whose version is NULL. The
// other rows are still read.
func TestTransitionsWithoutKeyAreAWarning(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, fmt.Sprintf("CREATE TABLE moves (tenant %[1]s, order_id %[1]s NOT NULL, version BIGINT, state %[1]s NOT NULL, created_at %[2]s NOT NULL)", s.Key, s.Time))
		s.Grant(t, "moves")
		many := func(version string, n int, ago time.Duration) {
			s.Run(t, fmt.Sprintf("INSERT INTO moves SELECT 'a', i, %s, 'placed', %s FROM %s", version, s.Ago(ago), s.Many(n)))
		}
		add := func(id, version, state string) {
			s.Run(t, fmt.Sprintf("INSERT INTO moves VALUES ('a', '%s', %s, '%s', %s)", id, version, state, s.Ago(0)))
		}
		many("NULL", 700, 2*time.Minute) // more than a page
		many("i", 3, 119*time.Second)
		many("NULL", 1, 118*time.Second)
		edit := strings.NewReplacer(", columns: {traceparent: traceparent}", ", columns: {key: [tenant, version]}", ", where: void = 0", "", "late: 1m", "late: 1s")
		next := follow(t, settings(s.URL, "", "", edit.Replace(shopStates)))
		next()
		r := next()
		checkWarning(t, r, "transitions of history table", "have no key (tenant, version)", "history.columns")
		add("1", "11", "shipped")
		add("2", "12", "paid")
		for range 4 {
			next()
		}
		r = next()
		if confirmed, _ := conflictsOf(r); r.Err != nil || !slices.Equal(confirmed, []string{"1 illegal_move: placed → shipped"}) || movesOf(r, "placed", "paid") != 1 {
			t.Errorf("confirmed %q, error %v, warnings %q, moves %+v", confirmed, r.Err, r.Warnings, r.Lifecycles[0].History.Transitions)
		}
	})
}

// Orders without an id or a time of creation are a warning, also where pages end among
// them.
func TestOrdersWithoutIDOrCreationTimeAreAWarning(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (id BIGINT, state %[1]s, updated_at %[2]s NULL, created_at %[2]s NULL, request %[1]s)", s.Key, s.Time))
		s.Grant(t, "orders")
		for _, row := range []struct{ id, made, request string }{
			{"i", s.Ago(time.Minute), "i"}, {"NULL", s.Ago(time.Second), "'r'"}, {"i + 10000", "NULL", "'r'"},
		} {
			n := map[bool]int{true: 1100, false: 2}[row.id == "i"]
			s.Run(t, fmt.Sprintf("INSERT INTO orders SELECT %s, 'placed', %s, %s, %s FROM %s", row.id, s.Ago(0), row.made, row.request, s.Many(n)))
		}
		text := settings(s.URL, "", "", strings.Replace(duplicateStates, "[customer, request]", "request", 1))
		r := read(t, text)
		if got := groups(r); r.Err != nil || got != "" {
			t.Errorf("found %q, error %v", got, r.Err)
		}
		checkWarning(t, r, "2 orders of table", "have no id (source.columns.order_id)")
		checkWarning(t, r, "has 2 orders whose created_at is NULL", "not compared for duplicates")
		s.Run(t, "INSERT INTO orders VALUES (7001, 'placed', "+s.Ago(0)+", "+s.Ago(time.Minute)+", 'x')", "INSERT INTO orders VALUES (7002, 'placed', "+s.Ago(0)+", "+s.Ago(0)+", 'x')")
		if got := groups(read(t, text)); got != "7001+7002" {
			t.Errorf("found %q", got)
		}
	})
}

// 'infinity', and a text that is not a time, sort after all later rows.
func TestInvalidTimeDoesNotStopTheHistory(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		never, ok := map[string]string{"postgres": "'infinity'", "sqlite": "'when the customer calls'"}[s.Kind]
		if !ok {
			t.Skip("this database has no such times")
		}
		makeMoves(t, s)
		s.Run(t, "INSERT INTO moves (order_id, state, created_at) VALUES ('z', 'paid', "+never+")")
		next := follow(t, settings(s.URL, "", "", shopStates))
		next()
		checkWarning(t, next(), "1 transitions of history table", "no valid time (created_at)")
		move(t, s, "a", "placed 20s, shipped 10s")
		for range 4 {
			next()
		}
		r := next()
		if confirmed, _ := conflictsOf(r); r.Err != nil || !slices.Equal(confirmed, []string{"a illegal_move: placed → shipped"}) {
			t.Errorf("confirmed %q, error %v, warnings %q", confirmed, r.Err, r.Warnings)
		}
	})
}
