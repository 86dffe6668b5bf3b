package orders_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

const duplicateStates = `
    states:
      placed: {next: [paid, cancelled]}
      paid:
      cancelled:
    duplicates: {key: [customer, request], within: 1h, except: cancelled, interval: 100ms}
`

func makeRequests(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t, fmt.Sprintf(`CREATE TABLE orders (id %[1]s PRIMARY KEY, state %[1]s, updated_at %[2]s NULL, created_at %[2]s NOT NULL, customer BIGINT, request %[1]s)`, s.Key, s.Time),
		"CREATE INDEX orders_created ON orders (created_at, id, customer, request, state)")
	s.Grant(t, "orders", "id", "state", "updated_at", "created_at", "customer", "request")
}

// order adds an order; customer and request are SQL.
func order(t *testing.T, s *databasetest.Shop, id, state string, ago time.Duration, customer, request string) {
	t.Helper()
	s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('%s', '%s', %[3]s, %[3]s, %[4]s, %[5]s)", id, state, s.Ago(ago), customer, request))
}

// groups writes the duplicates as text.
func groups(r signal.Report) string {
	var all []string
	for _, l := range r.Lifecycles {
		if l.Duplicates == nil {
			return "not looked for"
		}
		for _, g := range l.Duplicates.Groups {
			var ids []string
			for _, ref := range g.Orders {
				ids = append(ids, ref.ID)
			}
			all = append(all, strings.Join(ids, "+"))
		}
	}
	return strings.Join(all, " ")
}

func TestDuplicateOrdersFromOneRequest(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeRequests(t, s)
		// Similar, but no duplicates: another customer, another request, no key, an
		// empty key, too old, and one of the two cancelled.
		order(t, s, "a1", "placed", time.Minute, "1", "'r'")
		order(t, s, "a2", "placed", time.Minute, "2", "'r'")
		order(t, s, "a3", "placed", time.Minute, "1", "'R2'")
		order(t, s, "b1", "placed", time.Minute, "1", "NULL")
		order(t, s, "b2", "placed", time.Minute, "1", "NULL")
		order(t, s, "c1", "placed", time.Minute, "1", "''")
		order(t, s, "c2", "placed", time.Minute, "1", "''")
		order(t, s, "d1", "placed", 3*time.Hour, "4", "'r'")
		order(t, s, "d2", "placed", time.Minute, "4", "'r'")
		order(t, s, "e1", "placed", 2*time.Minute, "5", "'r'")
		order(t, s, "e2", "cancelled", time.Minute, "5", "'r'")
		next := follow(t, settings(s.URL, "", "", duplicateStates))
		r := next()
		if r.Err != nil || groups(r) != "" {
			t.Fatalf("found %q, error %v", groups(r), r.Err)
		}
		order(t, s, "x1", "paid", 20*time.Minute, "9007199254740993", "'Bestellung-ä'")
		order(t, s, "x2", "placed", 10*time.Second, "9007199254740993", "'Bestellung-ä'")
		order(t, s, "x3", "placed", 5*time.Second, "9007199254740993", "'Bestellung-ä'")
		order(t, s, "y1", "placed", 10*time.Second, "9007199254740992", "'Bestellung-ä'") // the next number
		next()
		next()
		if got := groups(next()); got != "x1+x2+x3" {
			t.Errorf("found %q", got)
		}
		s.Run(t, "UPDATE orders SET state = 'cancelled' WHERE id IN ('x2', 'x3')")
		next()
		next()
		if got := groups(next()); got != "" {
			t.Errorf("still found %q", got)
		}
	})
}

func TestOnlyTheLatestOrdersAreCompared(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeRequests(t, s)
		order(t, s, "a1", "placed", 30*time.Minute, "1", "'old'")
		order(t, s, "a2", "placed", 29*time.Minute, "1", "'old'")
		s.Run(t, fmt.Sprintf("INSERT INTO orders SELECT concat('m', i), 'placed', %[1]s, %[1]s, i, 'r' FROM %[2]s", s.Ago(time.Minute), s.Many(1500)))
		if got := groups(read(t, settings(s.URL, "", "", duplicateStates))); got != "a1+a2" {
			t.Errorf("over two pages found %q", got)
		}
		r := read(t, settings(s.URL, "", "", strings.Replace(duplicateStates, "within: 1h", "within: 1h, cap: 1200", 1)))
		if got := groups(r); got != "" {
			t.Errorf("found %q", got)
		}
		checkWarning(t, r, "more than 1200 orders", "duplicates.cap")
	})
}

func TestDwellCountsFromFirstSeen(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "a", "placed", 10*time.Minute)
		add(t, s, "b", "placed", time.Minute)
		text := settings(s.URL, "", ", columns: {updated: updated_at}", states)
		next := follow(t, text)
		r := next()
		_, state := whole(t, r)
		if p := state["placed"]; p.Orders != 2 || p.Overdue != 1 || p.Oldest.Bound != signal.AtLeast || p.Sample[0].ID != "a" {
			t.Fatalf("placed is %+v", p)
		}
		// The row changes, and the order stays in its state.
		s.Run(t, fmt.Sprintf("UPDATE orders SET updated_at = %s WHERE id = 'a'", s.Ago(0)))
		next()
		next()
		r = next()
		_, state = whole(t, r)
		if p := state["placed"]; p.Overdue != 1 || p.Sample[0].ID != "a" || p.Oldest.At(signal.InstantOf(r.At)) < 10*time.Minute-time.Second {
			t.Errorf("after an update it is %+v", p)
		}
		// The order leaves and comes back: its dwell starts again.
		s.Run(t, fmt.Sprintf("UPDATE orders SET state = 'paid', updated_at = %s WHERE id = 'a'", s.Ago(0)))
		next()
		next()
		s.Run(t, fmt.Sprintf("UPDATE orders SET state = 'placed', updated_at = %s WHERE id = 'a'", s.Ago(0)))
		next()
		next()
		_, state = whole(t, next())
		if p := state["placed"]; p.Orders != 2 || p.Overdue != 0 || p.Sample[0].ID != "b" {
			t.Errorf("after it came back it is %+v", p)
		}
	})
}

func TestFailedSagaIsOverdueAtOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, "a", "broken", time.Second)
		add(t, s, "b", "charging", time.Second)
		_, state := whole(t, read(t, settings(s.URL, "", "", `
    kind: saga
    states:
      charging: {max: 1h, next: [done, broken]}
      broken: {failed: true}
      done:
`)))
		if b := state["broken"]; b.Orders != 1 || b.Overdue != 1 || b.Terminal || !b.Failed || len(b.Sample) != 1 {
			t.Errorf("broken is %+v", b)
		}
		if c := state["charging"]; c.Orders != 1 || c.Overdue != 0 {
			t.Errorf("charging is %+v", c)
		}
	})
}

// Orders that share a UUID key and are soft-deleted, imported with an old time,
// re-opened, or in an open transaction.
func TestOrdersThatShareAKeyAndAreNoDuplicates(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		kind := map[string]string{"postgres": "UUID", "mariadb": "BINARY(16)", "sqlite": "BLOB"}[s.Kind]
		uuid := func(n int) string {
			if s.Kind == "postgres" {
				return fmt.Sprintf("'018f3c4e-0000-7b8a-9d2e-%012d'", n)
			}
			return fmt.Sprintf("x'018f3c4e00007b8a9d2e%012d'", n)
		}
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (id %[1]s PRIMARY KEY, state %[2]s, updated_at %[3]s NULL, created_at %[3]s NOT NULL, deleted_at %[3]s NULL, request %[1]s)", kind, s.Key, s.Time))
		s.Grant(t, "orders", "id", "state", "updated_at", "created_at", "deleted_at", "request")
		insert := func(id int, ago time.Duration, deleted string, request int) string {
			return fmt.Sprintf("INSERT INTO orders VALUES (%s, 'placed', %[2]s, %[2]s, %[3]s, %[4]s)", uuid(id), s.Ago(ago), deleted, uuid(request))
		}
		s.Run(t, insert(1, time.Minute, s.Ago(0), 1), insert(2, time.Minute, "NULL", 1), // one of them is deleted
			insert(3, 300*24*time.Hour, "NULL", 2), insert(4, time.Minute, "NULL", 2), // one of them was imported
			insert(5, time.Minute, "NULL", 3), // is shipped, and re-opened
			"UPDATE orders SET state = 'paid', updated_at = "+s.Ago(time.Second)+" WHERE id = "+uuid(5),
			"UPDATE orders SET state = 'placed', updated_at = "+s.Ago(0)+" WHERE id = "+uuid(5))
		next := follow(t, settings(s.URL, "", ", where: deleted_at IS NULL", strings.Replace(duplicateStates, "[customer, request]", "request", 1)))
		next()
		if r := next(); r.Err != nil || groups(r) != "" {
			t.Errorf("found %q, error %v", groups(r), r.Err)
		}
		if s.Kind != "sqlite" { // which has no concurrent open transaction
			tx, err := s.Admin.Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.Exec(insert(6, 0, "NULL", 3)); err != nil {
				t.Fatal(err)
			}
			next()
			next()
			if r := next(); r.Err != nil || groups(r) != "" {
				t.Errorf("with a request that may be rolled back, found %q, error %v", groups(r), r.Err)
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		}
		s.Run(t, insert(7, 0, "NULL", 3))
		next()
		next()
		if got := groups(next()); got != "018f3c4e-0000-7b8a-9d2e-000000000005+018f3c4e-0000-7b8a-9d2e-000000000007" {
			t.Errorf("found %q", got)
		}
	})
}

// TestLongKeysTakeLittleMemory: anybody who may place an order may send a key of 64 KB.
func TestLongKeysTakeLittleMemory(t *testing.T) {
	s := databasetest.SQLite(t)
	makeRequests(t, s)
	const orders = 2000
	s.Run(t, fmt.Sprintf("INSERT INTO orders SELECT 'A-' || i, 'placed', %[1]s, %[1]s, 1, hex(zeroblob(32000)) || i / 2 FROM %[2]s", s.Ago(time.Minute), s.Many(orders)))
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak uint64
	done := make(chan struct{})
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	report := read(t, settings(s.URL, "", "", duplicateStates))
	close(done)
	<-sampled
	if got := groups(report); !strings.Contains(got, "A-998+A-999") {
		t.Errorf("the duplicates are %.200s", got)
	}
	const most = 60 << 20 // of 128 MB of keys
	if took := peak - min(peak, before.HeapAlloc); took > most {
		t.Errorf("%d orders with keys of 64 KB take %d MB", orders, took>>20)
	}
}
