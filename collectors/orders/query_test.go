package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// querySettings is a config file whose source is a query.
func querySettings(url, database, query, more string) string {
	return "databases:\n  - {name: shop, max_connections: 100, url: '" + url + "'" + database + "}\n" +
		"lifecycles:\n  - name: order\n    interval: 100ms\n    source:\n      database: shop\n      query: >-\n        " + query + "\n" + more
}

const joined = "SELECT o.number AS id, s.name AS state, o.changed AS updated_at FROM orders AS o JOIN states AS s ON s.id = o.state_id WHERE o.deleted = 0"

func makeJoined(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, fmt.Sprintf("CREATE TABLE states (id INTEGER PRIMARY KEY, name %s NOT NULL)", s.Key),
		fmt.Sprintf("CREATE TABLE orders (number BIGINT PRIMARY KEY, state_id INTEGER NOT NULL, changed %s NOT NULL, deleted INTEGER NOT NULL DEFAULT 0)", s.Time),
		"INSERT INTO states VALUES (1, 'placed'), (2, 'paid'), (3, 'shipped'), (4, 'strange')")
	s.Grant(t, "states")
	s.Grant(t, "orders")
}

func TestQueryInsteadOfATable(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeJoined(t, s)
		s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES (9007199254740993, 1, %s, 0), (2, 1, %s, 0), (3, 1, %s, 1), (4, 2, %s, 0), (5, 4, %s, 0)",
			s.Ago(20*time.Minute), s.Ago(time.Minute), s.Ago(time.Hour), s.Ago(time.Minute), s.Ago(time.Minute)))
		r := read(t, querySettings(s.URL, "", joined, states))
		l, state := whole(t, r)
		if p := state["placed"]; p.Orders != 2 || p.Overdue != 1 || p.Sample[0].ID != "9007199254740993" {
			t.Errorf("placed is %+v", p)
		}
		if state["paid"].Orders != 1 || strings.Join(l.UndeclaredStates, " ") != "strange" {
			t.Errorf("paid is %+v, unnamed %q, warnings %q", state["paid"], l.UndeclaredStates, r.Warnings)
		}
	})
}

func TestQueryThatWouldScanIsRefused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeJoined(t, s)
		s.Run(t, fmt.Sprintf("INSERT INTO orders SELECT i, 1 + i %% 3, %s, 0 FROM %s", s.Ago(time.Hour), s.Many(40_000)))
		s.Analyse(t, "orders")
		r := read(t, querySettings(s.URL, "", joined, states))
		if r.Err == nil || !strings.Contains(r.Err.Error(), "refused, because it would read") || !strings.Contains(r.Err.Error(), "the query is your own") {
			t.Errorf("the error is %v", r.Err)
		}
		if strings.Contains(fmt.Sprint(r.Err), "CREATE INDEX") {
			t.Errorf("an index on a query: %v", r.Err)
		}
	})
}

func TestHistoryFromAQuery(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		move(t, s, "a", "PLACED 60s, SHIPPED 30s")
		text := strings.Replace(shopStates, "history: {table: moves, columns: {traceparent: traceparent}", "history: {query: 'SELECT id, order_id, lower(state) AS state, created_at, void FROM moves'", 1)
		next := follow(t, settings(s.URL, "", "", text))
		next()
		next()
		r := next()
		if confirmed, _ := conflictsOf(r); r.Err != nil || len(confirmed) != 1 {
			t.Errorf("confirmed %q, error %v", confirmed, r.Err)
		}
	})
}

func TestInvalidQueryIsRefused(t *testing.T) {
	for query, want := range map[string]string{
		"DELETE FROM orders":               "source.query: write one query that begins with SELECT or WITH",
		"SELECT 1; DELETE FROM orders":     "source.query: a semicolon ends a statement; write one query alone",
		"SELECT (1":                        "source.query: a parenthesis is not closed",
		"SELECT 1 -- and nothing after it": "source.query: a comment would hide what comes after it",
	} {
		if _, err := parse(querySettings("sqlite:/x.db", "", query, states)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", query, err)
		}
	}
	_, err := parse(settings("sqlite:/x.db", "", ", query: SELECT 1", states))
	if err == nil || !strings.Contains(err.Error(), "source.query: given together with table; keep one of them") {
		t.Errorf("both: %v", err)
	}
	_, err = parse(strings.Replace(settings("sqlite:/x.db", "", "", states), ", table: orders", "", 1))
	if err == nil || !strings.Contains(err.Error(), "source.table: missing; write for example table: orders, or give a query") {
		t.Errorf("neither: %v", err)
	}
}

// TestTimeInATextIsReadByTheQueryThatTheErrorNames runs the query of the error as it is.
func TestTimeInATextIsReadByTheQueryThatTheErrorNames(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (number %s PRIMARY KEY, status %s, changed VARCHAR(40))", s.Key, s.Key))
		s.Grant(t, "orders")
		s.Run(t, "INSERT INTO orders VALUES ('a', 'placed', '"+time.Now().UTC().Add(-10*time.Minute).Format(time.DateTime)+"')")
		columns := "{order_id: number, state: status, since: changed}"
		r := read(t, settings(s.URL, "", ", columns: "+columns, states))
		if r.Err == nil {
			t.Fatal("a text is read as a time")
		}
		_, query, ok := strings.Cut(r.Err.Error(), "source.query: ")
		query, _, _ = strings.Cut(query, " (in MySQL")
		if !ok {
			t.Fatalf("the error names no query: %v", r.Err)
		}
		if s.Kind != "postgres" {
			query = strings.Replace(query, "AS timestamp)", "AS datetime)", 1)
		}
		r = read(t, "databases:\n  - {name: shop, url: '"+s.URL+"'}\nlifecycles:\n  - name: order\n    source: {database: shop, query: '"+query+"', columns: "+columns+"}"+states)
		if r.Err != nil || len(r.Lifecycles) != 1 || r.Lifecycles[0].States[0].Overdue != 1 {
			t.Errorf("%s: %v, %+v", query, r.Err, r.Lifecycles)
		}
	})
}
