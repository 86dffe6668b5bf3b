package outbox_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestASlotStandsAlone(t *testing.T) {
	for _, test := range []struct{ name, more, want string }{
		{"with a predicate", "slot: s\n    pending: a = 1", "test.yml:9:14: outboxes[0].pending: a replication slot has no pending rows; leave it out, or leave out the slot"},
		{"with one for failed rows", "slot: s\n    failed: a = 1", "test.yml:9:13: outboxes[0].failed: a replication slot has no pending rows; leave it out, or leave out the slot"},
		{"with columns", "slot: s\n    columns: {id: key}", "test.yml:9:14: outboxes[0].columns: a replication slot has no pending rows; leave it out, or leave out the slot"},
		{"with a library that polls", "slot: s\n    preset: cap", "test.yml:8:11: outboxes[0].slot: given together with preset cap, whose relay reads a table; keep one of them"},
		{"with a library that reads the log", "preset: debezium\n    pending: a = 1", "test.yml:9:14: outboxes[0].pending: a replication slot has no pending rows; leave it out, or leave out the slot"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse("test.yml", []byte(settings("sqlite:/x.db", test.more)), "", []config.Section{database.Section(), outbox.Source().Section})
			if err == nil || err.Error() != test.want {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
		})
	}
}

func TestOnlyPostgreSQLHasSlots(t *testing.T) {
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
