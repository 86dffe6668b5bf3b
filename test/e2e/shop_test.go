//go:build integration

package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// shop is a test's database on a real server, with an outbox, orders, and a user that may
// read only those two.
type shop struct {
	*databasetest.Shop
	t *testing.T
}

// eachDatabase runs a test on each server, side by side.
func eachDatabase(t *testing.T, test func(t *testing.T, s shop)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(*testing.T) shop{"postgres": postgres, "mariadb": mariadb} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func postgres(t *testing.T) shop {
	server(t, "POSTGRES_URL")
	return furnish(t, databasetest.Postgres(t))
}

func mariadb(t *testing.T) shop {
	server(t, "MARIADB_URL")
	return furnish(t, databasetest.MariaDB(t))
}

func furnish(t *testing.T, made *databasetest.Shop) shop {
	s := shop{made, t}
	s.Run(t,
		fmt.Sprintf("CREATE TABLE outbox (id varchar(40) PRIMARY KEY, order_id varchar(40) NOT NULL, traceparent varchar(64), created_at %[1]s NOT NULL, published_at %[1]s NULL)", s.Time),
		fmt.Sprintf("CREATE TABLE orders (id varchar(40) PRIMARY KEY, state varchar(40) NOT NULL, updated_at %s NULL)", s.Time))
	s.Grant(t, "outbox")
	s.Grant(t, "orders")
	return s
}

// watchOutbox watches the outbox, as "relay".
func (s shop) watchOutbox(c settings) {
	s.watchDatabase(c, s.URL)
	c.add("outboxes", "name: relay", "database: "+s.Kind, "table: outbox",
		"columns: {published_at: published_at, order_id: order_id, traceparent: traceparent}",
		fmt.Sprintf("max_age: %s", maxAge), schedule())
}

// watchOrders watches the orders, as "order".
func (s shop) watchOrders(c settings) {
	s.watchDatabase(c, s.URL)
	c.add("lifecycles", "name: order", fmt.Sprintf("source: {database: %s, table: orders}", s.Kind),
		fmt.Sprintf("states: {placed: {max: %s, next: [paid, cancelled]}, paid: {next: [shipped]}, shipped: {}, cancelled: {}}", maxAge), schedule())
}

func (s shop) watchDatabase(c settings, url string) {
	entry := settings{}
	entry.add("databases", "name: "+s.Kind, fmt.Sprintf("url: %q", url))
	if !slices.Contains(c["databases"], entry["databases"][0]) {
		c["databases"] = append(c["databases"], entry["databases"]...)
	}
}

// place inserts an order that has been in a state for a while.
func (s shop) place(id, state string, ago time.Duration) {
	s.t.Helper()
	s.Run(s.t, fmt.Sprintf("INSERT INTO orders (id, state, updated_at) VALUES ('%s', '%s', %s)", id, state, s.Ago(ago)))
}

// move changes the state of an order.
func (s shop) move(state string, ids ...string) {
	s.t.Helper()
	for _, id := range ids {
		s.Run(s.t, fmt.Sprintf("UPDATE orders SET state = '%s', updated_at = %s WHERE id = '%s'", state, s.Ago(0), id))
	}
}

// commit commits an event of an order to the outbox a while ago.
func (s shop) commit(id, order, traceparent string, ago time.Duration) {
	s.t.Helper()
	s.Run(s.t, fmt.Sprintf("INSERT INTO outbox (id, order_id, traceparent, created_at) VALUES ('%s', '%s', '%s', %s)", id, order, traceparent, s.Ago(ago)))
}

// publish is one step of a relay: it publishes the oldest event and reports whether there
// was one.
func (s shop) publish() (bool, error) {
	var id string
	rows, err := s.Admin.Query("SELECT id FROM outbox WHERE published_at IS NULL ORDER BY created_at, id LIMIT 1")
	if err != nil {
		return false, err
	}
	if rows.Next() {
		err = rows.Scan(&id)
	}
	if closed := rows.Close(); err == nil {
		err = closed
	}
	if err != nil || id == "" {
		return false, err
	}
	_, err = s.Admin.Exec(fmt.Sprintf("UPDATE outbox SET published_at = %s WHERE id = '%s'", s.Ago(0), id))
	return true, err
}

// pending returns the number of pending events.
func (s shop) pending() (n int) {
	s.t.Helper()
	if err := s.Admin.QueryRow("SELECT count(*) FROM outbox WHERE published_at IS NULL").Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s shop) outbox() signal.Subject {
	return signal.Subject{Database: s.Kind, Outbox: "relay"}
}

func (s shop) placed() signal.Subject {
	return signal.Subject{Database: s.Kind, Lifecycle: "order", State: "placed"}
}
