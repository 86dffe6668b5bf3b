package orders_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

var createIndex = regexp.MustCompile(`CREATE INDEX [^;]*;`)

func TestLargeTableIsReadByIndexOrRefused(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		n, limit := 200_000, ""
		if s.Kind == "sqlite" {
			n, limit = 3000, ", scan_limit: 1000"
		}
		// Most orders are done, many are overdue, and one state is undeclared.
		s.Run(t, fmt.Sprintf(`INSERT INTO orders (id, state, updated_at) SELECT i, CASE WHEN i = 1 THEN 'unheard' WHEN i %% 20 = 0 THEN 'placed' WHEN i %% 30 = 1 THEN 'paid' ELSE 'shipped' END, %s FROM %s`,
			s.Ago(time.Hour/2), s.Many(n)))
		s.Analyse(t, "orders")
		text := settings(s.URL, limit, "", states)
		before := read(t, text)
		if before.Err == nil {
			t.Fatal("a query that reads the whole table was not refused")
		}
		t.Log(before.Err)
		t.Log(before.Warnings)
		for _, want := range []string{"count orders in state placed", "refused", "its price: "} {
			if !strings.Contains(before.Err.Error(), want) {
				t.Errorf("the error does not say %q", want)
			}
		}
		checkWarning(t, before, "cannot list undeclared states", "refused")

		statements := createIndex.FindAllString(before.Err.Error(), -1)
		slices.Sort(statements)
		statements = slices.Compact(statements)
		if len(statements) != 1 {
			t.Errorf("%d indexes are recommended, want one for all states: %q", len(statements), statements)
		}
		s.Run(t, statements...)

		r := read(t, text)
		l, state := whole(t, r)
		placed := state["placed"]
		wantOrders, wantCapped := int64(1000), true
		if s.Kind == "sqlite" {
			wantOrders, wantCapped = 150, false
		}
		if int64(placed.Orders) != wantOrders || placed.OrdersCapped != wantCapped || placed.Overdue != placed.Orders {
			t.Errorf("placed is %d (capped %v), %d overdue; want %d (%v), all overdue", placed.Orders, placed.OrdersCapped, placed.Overdue, wantOrders, wantCapped)
		}
		if len(l.UndeclaredStates) != 1 || l.UndeclaredStates[0] != "unheard" {
			t.Errorf("undeclared are %q, want unheard", l.UndeclaredStates)
		}
		if len(r.Warnings) != 1 {
			t.Errorf("warnings: %q", r.Warnings)
		}
		if r.Duration > 3*time.Second {
			t.Errorf("the reading took %s", r.Duration)
		}
	})
}

// All states are read in one round trip, and the query for one of them fails.
func TestStatesReadBeforeAnErrorStay(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		if s.Kind != "postgres" {
			t.Skip("division by zero is NULL there")
		}
		makeTable(t, s)
		add(t, s, "a", "placed", time.Minute)
		add(t, s, "b", "paid", time.Minute)
		add(t, s, "c", "on_hold", time.Minute)
		r := read(t, settings(s.URL, "", `, where: "1 / (CASE WHEN state = 'paid' THEN length(id) - 1 ELSE 1 END) = 1"`, states))
		if r.Err == nil || len(r.Lifecycles) != 1 {
			t.Fatalf("error %v, %d lifecycles", r.Err, len(r.Lifecycles))
		}
		const want = "read order table orders: count orders in state paid: "
		if text := r.Err.Error(); !strings.HasPrefix(text, want) || strings.Count(text, "division by zero") != 1 || strings.Contains(text, "not asked") {
			t.Errorf("the error is %q, want %s… division by zero, once", text, want)
		}
		for i, known := range []bool{true, false, false} {
			if state := r.Lifecycles[0].States[i]; state.Orders.Known() != known || known && (state.Orders != 1 || len(state.Sample) != 1) {
				t.Errorf("%s is %+v, known must be %v", state.Name, state, known)
			}
		}
	})
}

// MariaDB prefers to sort a table of this size instead of reading the latest thousand
// rows by an index.
func TestSmallHistoryIsReadByIndexInMariaDB(t *testing.T) {
	for _, n := range []int{12_000, 50_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
				makeMoves(t, s)
				s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at) SELECT i, 'placed', %s FROM %s", s.Ago(time.Hour), s.Many(n)))
				s.Analyse(t, "moves")
				next := follow(t, settings(s.URL, "", "", strings.Replace(shopStates, ", where: void = 0", "", 1)))
				if r := next(); r.Err != nil {
					t.Fatal(r.Err)
				}
				drop := "DROP INDEX moves_at"
				if s.Kind == "mariadb" {
					drop += " ON moves"
				}
				move(t, s, fmt.Sprint(n), "paid 0s") // among the latest
				next()
				if r := next(); r.Err != nil || movesOf(r, "placed", "paid") != 1 {
					t.Errorf("error %v, moves %+v", r.Err, r.Lifecycles[0].History.Transitions)
				}
				s.Run(t, drop) // readings continue, or name the missing index
				var last string
				for range 3 {
					last = fmt.Sprint(next().Err)
				}
				if last != "<nil>" && !strings.Contains(last, "CREATE INDEX") {
					t.Errorf("without the index: %s", last)
				}
			})
		})
	}
}
