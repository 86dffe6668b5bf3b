package outbox_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestKeysThatExcludeASlotOrBinlog(t *testing.T) {
	for _, test := range []struct{ name, more, want string }{
		{"a slot with a predicate", "slot: s\n    pending: a = 1", "test.yml:9:14: outboxes[0].pending: a replication slot has no pending rows; remove this key, or remove the slot"},
		{"a slot with a predicate for failed rows", "slot: s\n    failed: a = 1", "test.yml:9:13: outboxes[0].failed: a replication slot has no pending rows; remove this key, or remove the slot"},
		{"a slot with columns", "slot: s\n    columns: {id: key}", "test.yml:9:14: outboxes[0].columns: a replication slot has no pending rows; remove this key, or remove the slot"},
		{"a slot with a preset that polls", "slot: s\n    preset: cap", "test.yml:8:11: outboxes[0].slot: given together with preset cap, whose relay reads a table; keep one of them"},
		{"a binary log with a slot", "binlog_user: u\n    slot: s", "test.yml:8:18: outboxes[0].binlog_user: given together with slot, which only PostgreSQL has; keep one of them"},
		{"a binary log with a predicate", "preset: debezium\n    binlog_user: u\n    pending: a = 1", "test.yml:10:14: outboxes[0].pending: a binary log has no pending rows; remove this key, or remove binlog_user"},
		{"a binary log with a position", "binlog_user: u\n    position: {table: p, columns: n}", "test.yml:9:15: outboxes[0].position: a relay that reads the log stores no position in a table; remove this key, or remove binlog_user"},
		{"a binary log with a preset that polls", "binlog_user: u\n    preset: cap", "test.yml:8:18: outboxes[0].binlog_user: given together with preset cap, whose relay reads a table; keep one of them"},
		{"a predicate with a preset that reads the log", "preset: debezium\n    pending: a = 1", "test.yml:9:14: outboxes[0].pending: a replication slot has no pending rows; remove this key, or remove the slot"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := settings("sqlite:/x.db", test.more)
			if strings.Contains(test.more, "binlog_user") {
				text = strings.Replace(text, "    table: outbox\n", "    cap: 100\n", 1)
			}
			_, err := config.Parse("test.yml", []byte(text), "", []config.Section{database.Section(), outbox.Source().Section})
			if err == nil || err.Error() != test.want {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
		})
	}
}

func TestSlotNeedsPostgreSQL(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		r := read(t, settings(s.URL, "preset: debezium"))
		want := "only PostgreSQL has replication slots; name the outbox table instead"
		if s.Kind == "postgres" {
			want = "read replication slot debezium: there is none of that name in database shop"
		}
		if r.Err == nil || !strings.Contains(r.Err.Error(), want) || !r.Empty() {
			t.Errorf("the error is %v, want %q", r.Err, want)
		}
	})
}

func TestBinlogNeedsMySQL(t *testing.T) {
	text := settings("sqlite:/x.db", "binlog_user: debezium")
	_, err := config.Parse("test.yml", []byte(text), "", []config.Section{database.Section(), outbox.Source().Section})
	if want := "outboxes[0].table: lostorder cannot tell what is inserted there from what else is in the binary log; remove this key, or remove binlog_user"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("with a table it is %v, want %s", err, want)
	}
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		r := read(t, strings.Replace(settings(s.URL, "binlog_user: debezium"), "    table: outbox\n", "", 1))
		want := "and only MySQL and MariaDB have one; watch the replication slot or the table instead"
		if s.Kind == "mariadb" {
			want = "run as an administrator: GRANT PROCESS, REPLICATION CLIENT ON *.* TO " + s.Reader() + ";"
		}
		if r.Err == nil || !strings.Contains(r.Err.Error(), want) || !r.Empty() {
			t.Errorf("the error is %v, want %q", r.Err, want)
		}
	})
}
