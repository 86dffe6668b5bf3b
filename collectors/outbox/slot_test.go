//go:build integration

package outbox_test

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// connector reads a slot as Debezium does, over the replication protocol.
type connector struct{ conn *pgconn.PgConn }

func start(t *testing.T, s *databasetest.Shop, slot string) connector {
	t.Helper()
	u, err := url.Parse(os.Getenv("POSTGRES_URL"))
	if err != nil {
		t.Fatal("POSTGRES_URL is not a URL")
	}
	own, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path, u.RawQuery = own.Path, "replication=database&sslmode=disable"
	conn, err := pgconn.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Frontend().Send(&pgproto3.Query{String: "START_REPLICATION SLOT " + slot + " LOGICAL 0/0"})
	if err := conn.Frontend().Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := conn.ReceiveMessage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.(*pgproto3.CopyBothResponse); ok {
			return connector{conn}
		}
	}
}

// confirm reports that everything up to a position was published.
func (c connector) confirm(t *testing.T, lsn int64) {
	t.Helper()
	status := append([]byte{'r'}, make([]byte, 33)...)
	for i := range 3 {
		binary.BigEndian.PutUint64(status[1+8*i:], uint64(lsn))
	}
	c.conn.Frontend().Send(&pgproto3.CopyData{Data: status})
	if err := c.conn.Frontend().Flush(); err != nil {
		t.Fatal(err)
	}
}

func (c connector) stop(t *testing.T) {
	t.Helper()
	_ = c.conn.Conn().Close()
}

// until takes readings until one fulfils a condition.
func until(t *testing.T, what string, next func() signal.Report, is func(o signal.LogReader) bool) signal.LogReader {
	t.Helper()
	var last signal.Report
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		last = next()
		if len(last.Outboxes) == 1 && last.Outboxes[0].LogReader != nil && is(*last.Outboxes[0].LogReader) {
			return *last.Outboxes[0].LogReader
		}
	}
	t.Fatalf("%s: not read in time; the last reading is %+v", what, last)
	return signal.LogReader{}
}

func TestRealSlotIsFollowed(t *testing.T) {
	s := databasetest.Postgres(t)
	slot := "slot_" + s.User
	s.Run(t, "CREATE TABLE outbox (id bigint PRIMARY KEY, payload text)")
	s.Grant(t, "outbox")
	text := settings(s.URL, "slot: "+slot)
	if r := read(t, text); r.Err == nil || !strings.Contains(r.Err.Error(), "there is none of that name in database shop") || !r.Empty() {
		t.Errorf("without a slot the error is %v", r.Err)
	}
	other := slot + "_old"
	s.Run(t, "SELECT pg_create_logical_replication_slot('"+other+"', 'test_decoding')")
	r := read(t, text)
	s.Run(t, "SELECT pg_drop_replication_slot('"+other+"')")
	if r.Err == nil || !strings.Contains(r.Err.Error(), "did you mean "+other+"?") || !strings.Contains(r.Err.Error(), "If there was one, it was dropped") {
		t.Errorf("beside another slot the error is %v", r.Err)
	}
	drop := func() {
		_, _ = s.Admin.Exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '" + slot + "'")
	}
	s.Run(t, "SELECT pg_create_logical_replication_slot('"+slot+"', 'test_decoding')")
	t.Cleanup(drop)
	next := watch(t, text)
	begin := until(t, "an inactive slot", next, func(o signal.LogReader) bool {
		return !o.Active && o.Confirmed > 0 && o.Retained.Known() && !o.Dropped && !o.Lost
	})

	for i := range 50 {
		s.Run(t, fmt.Sprintf("INSERT INTO outbox VALUES (%d, repeat('x', 1500))", i))
	}
	grown := until(t, "log that no connector reads", next, func(o signal.LogReader) bool {
		return o.Lag() > 50*1000 && o.Retained >= o.Lag() && o.Inserted == 50 && o.UnconfirmedSince.Known()
	})
	if grown.Active || grown.Confirmed != begin.Confirmed {
		t.Errorf("no connector reads it, and it is %+v", grown)
	}
	c := start(t, s, slot)
	until(t, "a reader", next, func(o signal.LogReader) bool { return o.Active && o.Confirmed == begin.Confirmed })
	c.confirm(t, grown.Written)
	until(t, "a reader that has confirmed", next, func(o signal.LogReader) bool { return o.Active && o.Confirmed >= grown.Written })
	c.stop(t)
	until(t, "a reader that left", next, func(o signal.LogReader) bool { return !o.Active })
	drop()
	until(t, "a dropped slot", next, func(o signal.LogReader) bool { return o.Dropped && o.Lag() == signal.Unknown })
}

// The server invalidates a slot that keeps more log than max_slot_wal_keep_size.
func TestRealSlotInvalidatedByTheServer(t *testing.T) {
	s := databasetest.Postgres(t)
	slot := "slot_" + s.User
	s.Run(t, "SELECT pg_create_logical_replication_slot('"+slot+"', 'test_decoding')", "CREATE TABLE t (a text)")
	t.Cleanup(func() {
		s.Run(t, "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()", "SELECT pg_drop_replication_slot('"+slot+"')")
	})
	next := watch(t, strings.Replace(settings(s.URL, "slot: "+slot), "    table: outbox\n", "", 1))
	s.Run(t, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'", "SELECT pg_reload_conf()")
	until(t, "a bound", next, func(o signal.LogReader) bool { return o.Remaining.Known() })
	for range 4 {
		s.Run(t, "INSERT INTO t VALUES ('x')", "SELECT pg_switch_wal()")
	}
	s.Run(t, "CHECKPOINT")
	until(t, "an invalidated slot", next, func(o signal.LogReader) bool { return o.Lost })
}

// A slot that is dropped and created again between two readings counts what it decodes from 0
// again, which is how detect tells it from one that its reader moved forward.
func TestRealSlotCreatedAgainStartsItsCountAgain(t *testing.T) {
	s := databasetest.Postgres(t)
	slot := "slot_" + s.User
	create := "SELECT pg_create_logical_replication_slot('" + slot + "', 'test_decoding')"
	s.Run(t, "CREATE TABLE outbox (id bigint PRIMARY KEY)", create)
	s.Grant(t, "outbox")
	t.Cleanup(func() { s.Run(t, "SELECT pg_drop_replication_slot('"+slot+"')") })
	next := watch(t, settings(s.URL, "slot: "+slot))
	s.Run(t, "INSERT INTO outbox SELECT generate_series(1, 3)")
	before := until(t, "a slot that was read", next, func(o signal.LogReader) bool {
		s.Run(t, "SELECT count(*) FROM pg_logical_slot_get_changes('"+slot+"', NULL, NULL)")
		return o.Decoded > 0 && o.Inserted == 3
	})
	s.Run(t, "INSERT INTO outbox SELECT generate_series(11, 15)", "SELECT pg_drop_replication_slot('"+slot+"')", create)
	after := until(t, "a slot that was created again", next, func(o signal.LogReader) bool { return o.Confirmed > before.Confirmed && o.Inserted == 8 })
	if after.Dropped || after.Decoded != 0 || after.DecodedReset != before.DecodedReset {
		t.Errorf("before it is %+v, and then %+v; want 0 decoded, and no reset", before, after)
	}
}
