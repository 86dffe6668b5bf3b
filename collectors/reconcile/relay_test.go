package reconcile_test

import (
	"fmt"
	"testing"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// relayed publishes like a relay that keeps the last sequence number: the rows of the
// outbox above it go to the inbox of the consumer.
type relayed struct{ last int64 }

func (r *relayed) run(t *testing.T, outbox, inbox *databasetest.Shop) {
	t.Helper()
	rows, err := outbox.Admin.Query(fmt.Sprintf("SELECT id FROM outbox WHERE id > %d ORDER BY id", r.last))
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	_ = rows.Close()
	for _, id := range ids {
		r.last = id
		inbox.Run(t, fmt.Sprintf("INSERT INTO inbox VALUES (%d, %s)", id, inbox.Ago(0)))
	}
}

func TestSkippedRowAndRolledBackEventAreDifferentMismatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, "CREATE TABLE outbox (id BIGINT PRIMARY KEY, created_at "+s.Time+")", "CREATE TABLE inbox (event_id BIGINT PRIMARY KEY, created_at "+s.Time+")")
		s.Grant(t, "outbox", "id", "created_at")
		s.Grant(t, "inbox", "event_id", "created_at")
		text := fmt.Sprintf(`databases: [{name: shop, url: '%s', max_connections: 100}]
reconciliations:
  - name: published
    interval: 100ms
    timeout: 20s
    grace: %s
    kind: event
    left: {database: shop, table: outbox, columns: {key: id}}
    right: {database: shop, table: inbox, columns: {key: event_id}}
    expect: at_least_one
`, s.URL, grace)
		insert := func(id int) string { return fmt.Sprintf("INSERT INTO outbox VALUES (%d, %s)", id, s.Ago(0)) }
		relay := &relayed{}
		if s.Kind == "sqlite" { // which has one writer at a time
			s.Run(t, insert(1), insert(3))
			relay.run(t, s, s)
			s.Run(t, insert(2))
		} else {
			s.Run(t, insert(1))
			tx, err := s.Admin.Begin()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(insert(2)); err != nil {
				t.Fatal(err)
			}
			s.Run(t, insert(3)) // takes the later number and commits first
			relay.run(t, s, s)
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		s.Run(t, insert(4))
		relay.run(t, s, s)
		s.Run(t, "INSERT INTO inbox VALUES (9, "+s.Ago(0)+")") // published before its transaction was rolled back
		expect(t, watch(t, text).checked(), map[signal.MismatchKind][]string{
			signal.MissingRight: {"2"},
			signal.MissingLeft:  {"9"},
		})
	})
}
