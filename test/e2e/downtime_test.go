//go:build integration

package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// watchRelay adds an outbox whose relay reads by a number, as "numbered". The columns do not
// show what was published: only the memory knows which numbers had no row.
func (s shop) watchRelay(c settings) {
	s.Run(s.t,
		fmt.Sprintf("CREATE TABLE numbered (id BIGINT PRIMARY KEY, order_id varchar(40) NOT NULL, created_at %s NOT NULL)", s.Time),
		"CREATE TABLE relay_position (relay varchar(40) PRIMARY KEY, last_id BIGINT)", "INSERT INTO relay_position VALUES ('orders', 0)")
	s.Grant(s.t, "numbered")
	s.Grant(s.t, "relay_position")
	s.watchDatabase(c, s.URL)
	c.add("outboxes", "name: numbered", "database: "+s.Kind, "table: numbered", "columns: {order_id: order_id, sequence: id}",
		"position: {table: relay_position, columns: last_id, where: relay = 'orders'}", fmt.Sprintf("max_age: %s", maxAge), schedule())
}

// number inserts a row in a transaction, and returns what commits it.
func (s shop) number(id int) (commit func()) {
	s.t.Helper()
	tx, err := s.Admin.Begin()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.Exec(fmt.Sprintf("INSERT INTO numbered VALUES (%d, 'n-%d', %s)", id, id, s.Ago(0))); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := tx.Commit(); err != nil {
			s.t.Error(err)
		}
	}
}

// relayed sets the position of the relay.
func (s shop) relayed(to int) {
	s.t.Helper()
	s.Run(s.t, fmt.Sprintf("UPDATE relay_position SET last_id = %d", to))
}

// announced reports whether the log says that a finding opened.
func (p *program) announced(id string) bool {
	for line := range strings.Lines(p.log.text()) {
		if strings.Contains(line, `msg="finding opened"`) && strings.Contains(line, id) {
			return true
		}
	}
	return false
}

// TestRealHistoryAndRelayContinueAfterAKill: a conflict and a skipped row are open when lostorder
// is killed. While it is down, another order makes an illegal transition, and the transaction
// of another number that the relay has passed commits. Both findings keep their ids and count
// one more, and nothing else is found.
func TestRealHistoryAndRelayContinueAfterAKill(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		c := settings{"state": []string{fmt.Sprintf("  dir: %q\n", filepath.Join(t.TempDir(), "state"))}}
		s.keepPast(c)
		s.watchRelay(c)
		s.purchase("o-1", "'r1'", "placed", "shipped") // an illegal transition
		s.purchase("o-2", "'r2'", "placed", "paid", "shipped")
		config, address := writeConfig(t, c), freePort(t)
		p := startAt(t, binary, config, address)
		conflict := p.find(signal.OrderConflict, s.of("purchase", ""))
		s.number(1)()
		s.relayed(1)
		p.cycles(2)
		early, late := s.number(2), s.number(3)
		s.number(4)()
		s.relayed(4)
		p.cycles(2)
		early()
		skipped := p.find(signal.EventMissing, signal.Subject{Database: s.Kind, Outbox: "numbered"})
		p.names(skipped, "n-2")
		for _, f := range []string{conflict.ID, skipped.ID} { // which comes after it is written
			eventually(t, "finding "+f+" is announced", func() (bool, string) { return p.announced(f), p.log.text() })
		}
		p.kill()
		late()
		s.went("moves", "o-2", "returned", "paid") // from returned it may go nowhere
		p = startAt(t, binary, config, address)
		p.lenient = true // until the old findings are known to it
		for _, before := range []string{conflict.ID, skipped.ID} {
			p.expected[before] = true
		}
		p.lenient = false
		p.names(skipped, "n-2", "n-3")
		p.names(conflict, "o-1", "o-2")
		for _, before := range []struct {
			id    string
			since time.Time
		}{{conflict.ID, conflict.Since}, {skipped.ID, skipped.Since}} {
			if f := p.byID(before.id); !f.Since.Equal(before.since) || !f.ClosedAt.IsZero() {
				t.Errorf("since %s before the restart, and after it %s", before.since, inJSON(f))
			}
		}
		p.silent(maxAge)
		for line := range strings.Lines(p.log.text()) {
			if strings.Contains(line, `msg="finding opened"`) || strings.Contains(line, `msg="finding closed"`) {
				t.Errorf("announced again: %s", line)
			}
		}
	})
}
