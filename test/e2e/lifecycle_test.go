//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// keepPast adds a history of transitions, order requests and sagas to the shop. The watching
// user may read only the columns that it needs.
func (s shop) keepPast(c settings) {
	serial := map[string]string{"postgres": "BIGSERIAL PRIMARY KEY", "mariadb": "BIGINT AUTO_INCREMENT PRIMARY KEY"}[s.Kind]
	moves := "CREATE TABLE %s (id " + serial + ", order_id varchar(40) NOT NULL, state varchar(40) NOT NULL, created_at " + s.Time + " NOT NULL, void smallint NOT NULL DEFAULT 0, secret varchar(10))"
	s.Run(s.t,
		fmt.Sprintf("CREATE TABLE purchases (id varchar(40) PRIMARY KEY, state varchar(40) NOT NULL, updated_at %[1]s NOT NULL, created_at %[1]s NOT NULL, request varchar(40), deleted smallint NOT NULL DEFAULT 0, secret varchar(10))", s.Time),
		fmt.Sprintf(moves, "moves"), fmt.Sprintf(moves, "saga_moves"),
		fmt.Sprintf("CREATE TABLE sagas (id varchar(40) PRIMARY KEY, step varchar(40) NOT NULL, since %s NOT NULL, secret varchar(10))", s.Time))
	s.Grant(s.t, "purchases", "id", "state", "updated_at", "created_at", "request", "deleted")
	for _, table := range []string{"moves", "saga_moves"} {
		s.Grant(s.t, table, "id", "order_id", "state", "created_at", "void")
	}
	s.Grant(s.t, "sagas", "id", "step", "since")
	s.watchDatabase(c, s.URL)
	c.add("lifecycles", "name: purchase", fmt.Sprintf("source: {database: %s, table: purchases, where: deleted = 0}", s.Kind),
		"history: {table: moves, where: void = 0}", "duplicates: {key: request, except: cancelled, interval: 200ms}",
		"states: {placed: {next: [paid, cancelled]}, paid: {next: [shipped], excludes: cancelled}, shipped: {terminal: true, next: [returned]}, returned: {}, cancelled: {abandoned: true}}", schedule())
	c.add("lifecycles", "name: checkout", "kind: saga", fmt.Sprintf("source: {database: %s, table: sagas, columns: {state: step, since: since}}", s.Kind),
		"history: {table: saga_moves, where: void = 0}",
		fmt.Sprintf("states: {reserving: {max: %[1]s, next: [charging, aborted]}, charging: {max: %[1]s, next: [done, releasing, aborted]}, releasing: {max: %[1]s, next: [aborted], compensates: reserving}, done: {}, aborted: {abandoned: true}}", maxAge), schedule())
}

// purchase inserts an order that passed through states one second apart, the last one now.
func (s shop) purchase(id, request string, states ...string) {
	s.t.Helper()
	s.Run(s.t, fmt.Sprintf("INSERT INTO purchases (id, state, updated_at, created_at, request) VALUES ('%s', '%s', %s, %s, %s)",
		id, states[len(states)-1], s.Ago(0), s.Ago(time.Duration(len(states)-1)*time.Second), request))
	s.went("moves", id, states...)
}

// went inserts transitions three seconds apart, the last one now.
func (s shop) went(table, id string, states ...string) {
	s.t.Helper()
	for i, state := range states {
		s.Run(s.t, fmt.Sprintf("INSERT INTO %s (order_id, state, created_at) VALUES ('%s', '%s', %s)", table, id, state, s.Ago(time.Duration(len(states)-1-i)*3*time.Second)))
	}
}

// step puts a saga into a step, some time ago.
func (s shop) step(id, step string, ago time.Duration) {
	s.t.Helper()
	s.Run(s.t, fmt.Sprintf("DELETE FROM sagas WHERE id = '%s'", id),
		fmt.Sprintf("INSERT INTO sagas (id, step, since) VALUES ('%s', '%s', %s)", id, step, s.Ago(ago)))
}

func (s shop) of(lifecycle, state string) signal.Subject {
	return signal.Subject{Database: s.Kind, Lifecycle: lifecycle, State: state}
}

func TestRealOrderPaidAndCancelledIsAConflict(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		c := settings{}
		s.keepPast(c)
		s.purchase("o-0", "'r0'", "placed", "paid", "shipped")
		p := start(t, c)
		p.silent(interval)
		s.purchase("o-1", "'r1'", "placed", "paid", "cancelled")
		s.purchase("o-2", "'r2'", "placed", "shipped")
		f := p.find(signal.OrderConflict, s.of("purchase", ""))
		p.names(f, "o-1", "o-2")
		p.counts(f, 2)
		if got, _ := p.value("lostorder_orders_in_conflict", "lifecycle=purchase", "kind=excluded_states", "certainty=confirmed"); got != 1 {
			t.Errorf("the metric is %v", got)
		}
		s.Run(t, "UPDATE moves SET void = 1 WHERE state IN ('cancelled', 'shipped') AND order_id <> 'o-0'")
		p.closes(f)
		p.silent(maxAge)
	})
}

func TestRealRequestThatBecameTwoOrdersIsADuplicate(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		c := settings{}
		s.keepPast(c)
		p := start(t, c)
		s.purchase("o-1", "'r1'", "placed", "paid", "shipped")
		p.silent(interval)
		s.purchase("o-2", "'r1'", "placed")
		f := p.find(signal.OrderDuplicate, s.of("purchase", ""))
		p.names(f, "o-1", "o-2")
		p.counts(f, 1)
		s.Run(t, "UPDATE purchases SET state = 'cancelled' WHERE id = 'o-2'")
		s.went("moves", "o-2", "cancelled")
		p.closes(f)
		p.silent(interval)
	})
}

func TestRealSagasThatStopHalfwayAreFound(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		c := settings{}
		s.keepPast(c)
		s.step("s-0", "done", time.Hour)
		s.went("saga_moves", "s-0", "reserving", "charging", "done")
		p := start(t, c)
		p.silent(interval)
		s.step("s-1", "charging", 0)
		s.step("s-2", "releasing", 0)
		stuck := p.find(signal.SagaStuck, s.of("checkout", "charging"))
		p.names(stuck, "s-1")
		hangs := p.find(signal.CompensationFailed, s.of("checkout", "releasing"))
		p.names(hangs, "s-2")
		s.step("s-1", "done", 0)
		s.step("s-2", "aborted", 0)
		p.closes(stuck)
		p.closes(hangs)
		// Aborted with reserved goods that were never released.
		s.step("s-3", "aborted", 0)
		s.went("saga_moves", "s-3", "reserving", "charging", "aborted")
		never := p.find(signal.CompensationFailed, s.of("checkout", ""))
		p.names(never, "s-3")
	})
}

func TestRealBenignLifecyclesOpenNoFinding(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		c := settings{}
		s.keepPast(c)
		// A bulk import of finished orders, two orders without a key, and one that is reopened
		// as the lifecycle allows.
		s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at) SELECT concat('import-', i), 'shipped', %s FROM %s", s.Ago(time.Second), s.Many(700)))
		s.purchase("o-1", "NULL", "placed", "paid", "shipped", "returned")
		s.purchase("o-2", "NULL", "placed", "cancelled")
		s.purchase("o-3", "'r3'", "placed", "paid")
		// The same request again, in an order that was deleted later.
		s.purchase("o-4", "'r3'", "placed")
		s.Run(t, "UPDATE purchases SET deleted = 1 WHERE id = 'o-4'")
		// Two clocks: shipped half a second before paid.
		s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at) VALUES ('o-5', 'placed', %s), ('o-5', 'shipped', %s), ('o-5', 'paid', %s)", s.Ago(5*time.Second), s.Ago(3*time.Second), s.Ago(2500*time.Millisecond)))
		// Sagas within their deadline: compensated, or aborted before they did anything.
		s.went("saga_moves", "s-1", "reserving", "charging", "releasing", "aborted")
		s.went("saga_moves", "s-2", "reserving", "aborted")
		s.step("s-1", "aborted", 0)
		p := start(t, c)
		p.silent(watchFor)
	})
}
