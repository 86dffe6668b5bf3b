package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// Whatever the types of the columns, the oldest row, its order and its age are right,
// and so is the next row once the relay has published the first.
func TestColumnsOfEveryType(t *testing.T) {
	type types struct{ key, at string }
	now := time.Now()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	written := func(layout string, in *time.Location) func(time.Time) string {
		return func(at time.Time) string { return "'" + at.In(in).Format(layout) + "'" }
	}
	const plain = "2006-01-02 15:04:05.000"
	uuids := [2]string{"018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3e", "018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3f"}
	text := func(id string) string { return "'" + id + "'" }
	unhex := func(id string) string { return "unhex('" + strings.ReplaceAll(id, "-", "") + "')" }
	bytea := func(id string) string { return `'\x` + strings.ReplaceAll(id, "-", "") + "'" }
	blob := func(id string) string { return "x'" + strings.ReplaceAll(id, "-", "") + "'" }
	number := func(id string) string { return id }
	for name, test := range map[string]struct {
		kinds    map[string]types
		database string
		ids      [2]string // as they are shown, the oldest first
		id       func(string) string
		at       func(time.Time) string
	}{
		"native UUIDs, and a time with its zone": {
			kinds: map[string]types{"postgres": {"uuid", "timestamptz"}, "mariadb": {"UUID", "BIGINT"}},
			ids:   uuids, id: text,
		},
		"UUIDs as text": {
			kinds: map[string]types{"postgres": {"text", "bigint"}, "mariadb": {"CHAR(36)", "BIGINT"}, "sqlite": {"TEXT", "INTEGER"}},
			ids:   uuids, id: text,
		},
		"UUIDs as 16 bytes, MariaDB":    {kinds: map[string]types{"mariadb": {"BINARY(16)", "BIGINT"}}, ids: uuids, id: unhex},
		"UUIDs as 16 bytes, PostgreSQL": {kinds: map[string]types{"postgres": {"bytea", "bigint"}}, ids: uuids, id: bytea},
		"UUIDs as 16 bytes, SQLite":     {kinds: map[string]types{"sqlite": {"BLOB", "INTEGER"}}, ids: uuids, id: blob},
		"numbers that a float does not hold exactly": {
			kinds: map[string]types{"postgres": {"bigint", "bigint"}, "mariadb": {"BIGINT", "BIGINT"}, "sqlite": {"INTEGER", "INTEGER"}},
			ids:   [2]string{"9007199254740993", "9007199254740992"}, id: number,
		},
		"numbers beyond signed 64 bits": {
			kinds: map[string]types{"postgres": {"numeric(20)", "bigint"}, "mariadb": {"BIGINT UNSIGNED", "BIGINT"}},
			ids:   [2]string{"18446744073709551615", "18446744073709551614"}, id: number,
		},
		"ids in other scripts": {
			kinds: map[string]types{"postgres": {"text", "bigint"}, "mariadb": {"VARCHAR(40) CHARACTER SET utf8mb4", "BIGINT"}, "sqlite": {"TEXT", "INTEGER"}},
			ids:   [2]string{"Bestellung-ä-注文-🛒", `it's "quoted"`}, id: func(id string) string { return "'" + strings.ReplaceAll(id, "'", "''") + "'" },
		},
		"a time without zone, in the zone of the config": {
			kinds:    map[string]types{"postgres": {"text", "timestamp"}, "mariadb": {"VARCHAR(40)", "DATETIME(3)"}},
			database: "Europe/Berlin", ids: [2]string{"a", "b"}, id: text, at: written(plain, berlin),
		},
		"a time without zone, in UTC": {
			kinds:    map[string]types{"postgres": {"text", "timestamp"}, "mariadb": {"VARCHAR(40)", "DATETIME(3)"}, "sqlite": {"TEXT", "TEXT"}},
			database: "UTC", ids: [2]string{"a", "b"}, id: text, at: written(plain, time.UTC),
		},
		"a time with an offset, as text": {
			kinds: map[string]types{"postgres": {"text", "timestamptz"}, "sqlite": {"TEXT", "TEXT"}},
			ids:   [2]string{"a", "b"}, id: text, at: written("2006-01-02 15:04:05.000-07:00", berlin),
		},
		"a time with T and Z, as text": {
			kinds: map[string]types{"postgres": {"text", "timestamptz"}, "sqlite": {"TEXT", "TEXT"}},
			ids:   [2]string{"a", "b"}, id: text, at: written("2006-01-02T15:04:05.000Z", time.UTC),
		},
	} {
		t.Run(name, func(t *testing.T) {
			databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
				kind, ok := test.kinds[s.Kind]
				if !ok || s.MySQL && kind.key == "UUID" {
					t.Skip("this database has no such type")
				}
				at := test.at
				switch {
				case strings.EqualFold(kind.at, "timestamptz") && at == nil:
					at = written("2006-01-02 15:04:05.000-07:00", berlin)
				case at == nil:
					at = func(at time.Time) string { return fmt.Sprint(at.UnixMilli()) }
				}
				s.Run(t, fmt.Sprintf("CREATE TABLE outbox (id %s PRIMARY KEY, aggregate_id %s, created_at %s NOT NULL, published_at %s NULL)", kind.key, kind.key, kind.at, kind.at))
				s.Grant(t, "outbox")
				for i, id := range test.ids {
					s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, created_at) VALUES (%s, %s, %s)", test.id(id), test.id(id), at(now.Add(time.Duration(i-5)*time.Minute))))
				}
				next := watch(t, settingsWith(s.URL, s.Zone(test.database), "columns: {published_at: published_at, order_id: aggregate_id}"))
				holds := func(r signal.Report, published signal.Count, ids ...string) {
					t.Helper()
					o := whole(t, r)
					var orders []string
					for _, w := range o.Sample {
						orders = append(orders, w.ID)
					}
					if o.Pending != signal.Count(len(ids)) || o.HeadKey != ids[0] || strings.Join(orders, " ") != strings.Join(ids, " ") || o.Published != published || len(r.Warnings) > 0 {
						t.Errorf("%d pending, the head %q, orders %q, published %d, warnings %q; want %q and %d", o.Pending, o.HeadKey, orders, o.Published, r.Warnings, ids, published)
					}
				}
				r := next()
				holds(r, 0, test.ids[0], test.ids[1])
				checkAge(t, "the oldest", o(r).Oldest.At(signal.InstantOf(now)), 5*time.Minute)
				s.Run(t, fmt.Sprintf("UPDATE outbox SET published_at = %s WHERE id = %s", at(now), test.id(test.ids[0])))
				r = next()
				holds(r, 1, test.ids[1])
				checkAge(t, "the next", o(r).Oldest.At(signal.InstantOf(now)), 4*time.Minute)
			})
		})
	}
}

func o(r signal.Report) signal.Outbox { return r.Outboxes[0] }

// A local time in the repeated hour is one of the two moments. A local time in the
// skipped hour is read as a moment near it. No row is left out.
func TestTimestampsAroundDaylightSavingChanges(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		kind := map[string]string{"postgres": "timestamp", "mariadb": "DATETIME"}[s.Kind]
		s.Run(t, fmt.Sprintf("CREATE TABLE outbox (id BIGINT PRIMARY KEY, created_at %s NOT NULL, published_at %s NULL)", kind, kind))
		s.Grant(t, "outbox")
		for i, test := range []struct {
			wall, from, to string // from and to in UTC
		}{
			{"2026-03-29 02:30:00", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"},
			{"2025-10-26 02:30:00", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"},
		} {
			s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, created_at) VALUES (%d, '%s')", i, test.wall))
			o := whole(t, read(t, settingsWith(s.URL, ", time_zone: Europe/Berlin", "columns: {published_at: published_at}")))
			from, err := time.Parse(time.RFC3339, test.from)
			if err != nil {
				t.Fatal(err)
			}
			to, err := time.Parse(time.RFC3339, test.to)
			if err != nil {
				t.Fatal(err)
			}
			if o.Pending != signal.Count(i+1) || o.Oldest.Since < signal.InstantOf(from.Add(-time.Second)) || o.Oldest.Since > signal.InstantOf(to.Add(time.Second)) {
				t.Errorf("%s: %d pending, the oldest since %s, want it between %s and %s", test.wall, o.Pending, time.UnixMilli(int64(o.Oldest.Since)).UTC(), test.from, test.to)
			}
		}
	})
}

// A relay that orders by two columns is followed by both, also beyond the numbers that
// a float holds exactly.
func TestSequenceOfTwoColumns(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE outbox (shard %s, number BIGINT, aggregate_id %s, created_at %s NOT NULL, PRIMARY KEY (shard, number))", s.Key, s.Key, s.Time),
			fmt.Sprintf("CREATE TABLE relay_position (shard %s, number BIGINT)", s.Key),
			"INSERT INTO relay_position VALUES ('ä', 9007199254740992)")
		s.Grant(t, "outbox")
		s.Grant(t, "relay_position")
		for _, row := range []struct {
			shard  string
			number int64
			age    time.Duration
		}{{"ä", 9007199254740992, time.Hour}, {"ä", 9007199254740993, 2 * time.Minute}, {"ö", 1, time.Minute}, {"a", 9007199254740999, time.Hour}} {
			s.Run(t, fmt.Sprintf("INSERT INTO outbox VALUES ('%s', %d, '%s-%d', %s)", row.shard, row.number, row.shard, row.number, s.Ago(row.age)))
		}
		r := read(t, settings(s.URL, "columns: {id: number, order_id: aggregate_id, sequence: [shard, number]}", "position: {table: relay_position, columns: [shard, number]}"))
		o := whole(t, r)
		if o.Pending != 2 || len(o.Sample) != 2 || o.Sample[0].ID != "ä-9007199254740993" || o.Sample[1].ID != "ö-1" {
			t.Errorf("%d pending: %+v", o.Pending, o.Sample)
		}
		checkAge(t, "the oldest", o.Oldest.At(signal.InstantOf(r.At)), 2*time.Minute)
	})
}

// Rows are counted from the first reading on, also where none was published before it.
// Rows that are cleaned up stay counted.
func TestPublishedRowsAreCounted(t *testing.T) {
	for name, before := range map[string]int{"some were published before": 3, "none was published before": 0} {
		t.Run(name, func(t *testing.T) {
			databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
				makeTable(t, s)
				id := 0
				publish := func(n int, ago time.Duration) {
					for range n {
						id++
						add(t, s, id, time.Hour)
						s.Run(t, fmt.Sprintf("UPDATE outbox SET published_at = %s WHERE id = %d", s.Ago(ago-time.Duration(id)*time.Second), id))
					}
				}
				publish(before, time.Hour)
				add(t, s, 1000, time.Minute)
				next := watch(t, settings(s.URL, everything))
				counts := func(want signal.Count) {
					t.Helper()
					if o := whole(t, next()); o.Published != want || o.Pending != 1 {
						t.Errorf("%d published, %d pending, want %d and 1", o.Published, o.Pending, want)
					}
				}
				counts(0)
				publish(2, 30*time.Minute)
				counts(2)
				counts(2)
				s.Run(t, "DELETE FROM outbox WHERE published_at IS NOT NULL")
				counts(2)
				publish(3, 20*time.Minute)
				counts(5)
			})
		})
	}
}

// The key of the skipped row is a UUID stored as bytes. The row is named by the UUID,
// and is not the head.
func TestSkippedRowWithBinaryKey(t *testing.T) {
	const uuid = "018f3c4e-7f5e-7b8a-9d2e-00000000000"
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		kind := map[string]string{"postgres": "bytea", "mariadb": "BINARY(16)", "sqlite": "BLOB"}[s.Kind]
		s.Run(t, fmt.Sprintf("CREATE TABLE outbox (id %s PRIMARY KEY, number BIGINT NOT NULL, created_at %s NOT NULL, published_at %s NULL)", kind, s.Time, s.Time),
			"CREATE TABLE relay_position (last_id BIGINT)", "INSERT INTO relay_position VALUES (1)")
		s.Grant(t, "outbox")
		s.Grant(t, "relay_position")
		write := func(number int, published string) {
			id := strings.ReplaceAll(fmt.Sprintf("%s%d", uuid, number), "-", "")
			s.Run(t, fmt.Sprintf("INSERT INTO outbox VALUES (%s, %d, %s, %s)", map[string]string{"postgres": `'\x` + id + "'", "mariadb": "x'" + id + "'", "sqlite": "x'" + id + "'"}[s.Kind], number, s.Ago(0), published))
		}
		write(1, s.Ago(0))
		next := watch(t, settings(s.URL, "columns: {published_at: published_at, sequence: number}", "position: {table: relay_position, columns: last_id}"))
		whole(t, next())
		write(3, s.Ago(0))
		s.Run(t, "UPDATE relay_position SET last_id = 3")
		whole(t, next())
		write(2, "NULL")
		whole(t, next())
		if o := whole(t, next()); o.Skipped == nil || len(o.Skipped.Rows) != 1 || o.Skipped.Rows[0].Key != uuid+"2" || o.HeadKey != "" || o.Pending != 0 {
			t.Errorf("skipped %+v, the head %q, %d pending", o.Skipped, o.HeadKey, o.Pending)
		}
	})
}
