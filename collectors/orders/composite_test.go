package orders_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// ofTenants is a lifecycle of orders that only tenant and number together identify.
const ofTenants = `
    states:
      placed: {max: 5m, next: [paid]}
      paid: {max: 1h, next: [shipped]}
      shipped:
    history: {table: moves, columns: {key: [tenant, order_no, version], order_id: [tenant, order_no]}, late: 1m}
    duplicates: {key: [tenant, request], within: 1h, interval: 100ms}
`

const tenantColumns = ", columns: {order_id: [tenant, no]}"

// makeTenants creates the tables of a shop with several tenants: each key begins with
// the tenant.
func makeTenants(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	word := s.Key
	if s.Kind == "mariadb" {
		word = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
	}
	s.Run(t, fmt.Sprintf(`CREATE TABLE orders (tenant %[1]s NOT NULL, no BIGINT NOT NULL, state %[1]s, updated_at %[2]s NULL, created_at %[2]s NULL, request %[1]s, PRIMARY KEY (tenant, no))`, word, s.Time),
		fmt.Sprintf(`CREATE TABLE moves (tenant %[1]s NOT NULL, order_no BIGINT NOT NULL, version INTEGER NOT NULL, state %[1]s NOT NULL, created_at %[2]s NOT NULL, PRIMARY KEY (tenant, order_no, version))`, word, s.Time))
	s.Grant(t, "orders", "tenant", "no", "state", "updated_at", "created_at", "request")
	s.Grant(t, "moves", "tenant", "order_no", "version", "state", "created_at")
}

func TestOrderIDOfSeveralColumns(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTenants(t, s)
		const large = "9007199254740993" // no float holds it exactly
		order := func(tenant, no, state string, ago time.Duration, request string) {
			s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('%s', %s, '%s', %[4]s, %[4]s, '%[5]s')", tenant, no, state, s.Ago(ago), request))
		}
		now := s.Ago(0)
		move := func(tenant, no string, states ...string) {
			for i, state := range states {
				s.Run(t, fmt.Sprintf("INSERT INTO moves VALUES ('%s', %s, %d, '%s', %s)", tenant, no, i, state, now))
			}
		}
		order("acme", "1", "placed", time.Minute, "r")
		order("注文🛒", large, "placed", time.Hour, "r")
		order("it''s/", "1", "placed", 10*time.Minute, "r") // the request of another tenant
		order("it''s/", "2", "paid", time.Minute, "r")
		// All with one timestamp, so that only the versions order them.
		move("acme", "1", "placed", "paid", "shipped")
		next := follow(t, settings(s.URL, "", tenantColumns, ofTenants))
		if r := next(); r.Err != nil {
			t.Fatal(r.Err)
		}
		move("注文🛒", large, "placed", "shipped")
		move("it''s/", "1", "placed", "paid", "shipped")
		for range 4 {
			next()
		}
		r := next()
		if r.Err != nil || len(r.Warnings) > 0 {
			t.Fatalf("error %v, warnings %q", r.Err, r.Warnings)
		}
		var longest []string
		for _, ref := range r.Lifecycles[0].States[0].Sample {
			longest = append(longest, ref.ID)
		}
		if want := []string{"注文🛒/" + large, "it's%2F/1", "acme/1"}; !slices.Equal(longest, want) {
			t.Errorf("the longest are %q, want %q", longest, want)
		}
		confirmed, suspected := conflictsOf(r)
		if want := "注文🛒/" + large + " illegal_move: placed → shipped"; strings.Join(confirmed, ";") != want || len(suspected) > 0 {
			t.Errorf("confirmed %q, suspected %q; want %q", confirmed, suspected, want)
		}
		if movesOf(r, "placed", "paid") != 2 || movesOf(r, "paid", "shipped") != 2 {
			t.Errorf("moves: %+v", r.Lifecycles[0].History.Transitions)
		}
		if got := groups(r); got != "it's%2F/1+it's%2F/2" {
			t.Errorf("duplicates %q", got)
		}
	})
}

// A bulk update gives thousands of rows the same time, so that pages end among them.
func TestTransitionsWithOneTimestampAreReadInPages(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTenants(t, s)
		then, now := s.Ago(2*time.Second), s.Ago(time.Second)
		all := func(version int, state, at string) string {
			tenant := "CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END"
			return fmt.Sprintf("INSERT INTO moves SELECT %s, i / 2, %d, '%s', %s FROM %s", tenant, version, state, at, s.Many(1800))
		}
		if s.Kind == "mariadb" {
			whole := all
			all = func(version int, state, at string) string {
				return strings.Replace(whole(version, state, at), "i / 2", "i DIV 2", 1)
			}
		}
		s.Run(t, all(1, "placed", then))
		next := follow(t, settings(s.URL, "", tenantColumns, ofTenants))
		if r := next(); r.Err != nil {
			t.Fatal(r.Err)
		}
		s.Run(t, all(2, "paid", now))
		for range 4 {
			next()
		}
		r := next()
		// The first thousand were read before the update.
		if got := movesOf(r, "placed", "paid"); r.Err != nil || got != 1000 {
			t.Errorf("%d orders were paid, error %v, warnings %q", got, r.Err, r.Warnings)
		}
		if got := movesOf(next(), "placed", "paid"); got != movesOf(r, "placed", "paid") {
			t.Errorf("rows count again: %d", got)
		}
	})
}

func TestLargeHistoryWithCompositeKeysIsReadByIndex(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		n, limit := 200_000, ""
		if s.Kind == "sqlite" {
			n, limit = 3000, ", scan_limit: 1000"
		}
		makeTenants(t, s)
		s.Run(t, fmt.Sprintf("INSERT INTO moves SELECT 'acme', i, 1, 'placed', %s FROM %s", s.Ago(time.Hour), s.Many(n)),
			fmt.Sprintf("INSERT INTO orders SELECT 'acme', i, 'shipped', %[1]s, %[1]s, NULL FROM %[2]s", s.Ago(time.Hour), s.Many(n)))
		// Orders whose beginning was not read, so that their histories are read.
		for i := range 50 {
			s.Run(t, fmt.Sprintf("INSERT INTO moves VALUES ('acme', %d, 2, 'paid', %s)", 1+i, s.Ago(time.Minute)))
		}
		s.Analyse(t, "moves")
		s.Analyse(t, "orders")
		text := settings(s.URL, limit, tenantColumns, ofTenants)
		var made []string
		for range 5 { // one missing index may hide another
			next := follow(t, text)
			next()
			r := next()
			if r.Err == nil && !strings.Contains(strings.Join(r.Warnings, " "), "refused") {
				break
			}
			statements := createIndex.FindAllString(fmt.Sprint(r.Err, r.Warnings), -1)
			slices.Sort(statements)
			statements = slices.Compact(statements)
			if len(statements) == 0 {
				t.Fatalf("refused without an index that helps: %v, %q", r.Err, r.Warnings)
			}
			if slices.ContainsFunc(statements, func(sql string) bool { return slices.Contains(made, sql) }) {
				t.Fatalf("refused although the index exists: %v, %q", r.Err, r.Warnings)
			}
			s.Run(t, statements...)
			made = append(made, statements...)
		}
		t.Log(strings.Join(made, "\n"))
		r := read(t, text)
		if r.Err != nil || strings.Contains(strings.Join(r.Warnings, " "), "refused") {
			t.Fatalf("refused with all indexes: %v, %q", r.Err, r.Warnings)
		}
		for _, sql := range made {
			if strings.Contains(sql, "(tenant, order_no, version)") {
				t.Errorf("an existing index was recommended: %s", sql)
			}
		}
	})
}
