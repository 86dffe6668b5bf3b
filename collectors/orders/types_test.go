package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// Whatever the types of the columns, one order takes a legal path and one does not.
func TestHistoryColumnsOfEveryType(t *testing.T) {
	type types struct{ key, order, at string }
	now := time.Now()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	quoted := func(layout string, in *time.Location) func(time.Time) string {
		return func(at time.Time) string { return "'" + at.In(in).Format(layout) + "'" }
	}
	seconds := func(at time.Time) string { return fmt.Sprint(at.Unix()) }
	const plain = "2006-01-02 15:04:05"
	for name, test := range map[string]struct {
		kinds map[string]types
		zone  string
		ids   [2]string // as written, and as shown
		show  [2]string
		at    func(time.Time) string
	}{
		"UUIDs and a time with its zone": {
			kinds: map[string]types{"postgres": {"uuid", "uuid", "timestamptz"}, "sqlite": {"TEXT", "TEXT", "TEXT"}},
			ids:   [2]string{"018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3e", "018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3f"},
			at:    quoted("2006-01-02 15:04:05.000-07:00", time.UTC),
		},
		"a time without zone, in the zone of the config": {
			kinds: map[string]types{"postgres": {"bigint", "text", "timestamp"}, "mariadb": {"BIGINT", "VARCHAR(40)", "DATETIME"}},
			zone:  "Europe/Berlin", ids: [2]string{"a", "b"}, at: quoted(plain, berlin),
		},
		"seconds, and large numeric ids": {
			kinds: map[string]types{"postgres": {"bigint", "bigint", "bigint"}, "mariadb": {"BIGINT", "BIGINT", "BIGINT"}, "sqlite": {"INTEGER", "INTEGER", "INTEGER"}},
			ids:   [2]string{"9007199254740992", "9007199254740993"}, at: seconds,
		},
		"ids in other scripts": {
			kinds: map[string]types{"postgres": {"bigint", "text", "timestamptz"}, "mariadb": {"BIGINT", "VARCHAR(40) CHARACTER SET utf8mb4", "DATETIME"}, "sqlite": {"INTEGER", "TEXT", "TEXT"}},
			ids:   [2]string{"Bestellung-ä-注文-🛒", "it''s"}, show: [2]string{"Bestellung-ä-注文-🛒", "it's"}, at: quoted(plain, time.UTC), zone: "UTC",
		},
		"UUIDs as 16 bytes": {
			kinds: map[string]types{"mariadb": {"BINARY(4)", "BINARY(16)", "BIGINT"}}, at: seconds,
			ids:  [2]string{"0123456789abcdef", "ordersordersorde"},
			show: [2]string{"30313233-3435-3637-3839-616263646566", "6f726465-7273-6f72-6465-72736f726465"},
		},
		"binary ids": {
			kinds: map[string]types{"mariadb": {"BINARY(4)", "BINARY(2)", "BIGINT"}},
			ids:   [2]string{"a1", "b2"}, show: [2]string{"6131", "6232"}, at: seconds,
		},
	} {
		t.Run(name, func(t *testing.T) {
			databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
				kind, ok := test.kinds[s.Kind]
				if !ok {
					t.Skip("this database has no such thing")
				}
				makeTable(t, s)
				s.Run(t, fmt.Sprintf("CREATE TABLE moves (id %s PRIMARY KEY, order_id %s NOT NULL, state %s NOT NULL, created_at %s NOT NULL)", kind.key, kind.order, s.Key, kind.at),
					"CREATE INDEX moves_at ON moves (created_at, id)", "CREATE INDEX moves_order ON moves (order_id, created_at)")
				s.Grant(t, "moves")
				n := 0
				insert := func(id, state string, ago time.Duration) {
					n++
					key := fmt.Sprint(n)
					if kind.key == "uuid" || kind.key == "TEXT" {
						key = fmt.Sprintf("'018f3c4e-0000-7b8a-9d2e-%012d'", n)
					} else if strings.HasPrefix(kind.key, "BINARY") {
						key = fmt.Sprintf("unhex('%08x')", n)
					}
					s.Run(t, fmt.Sprintf("INSERT INTO moves VALUES (%s, '%s', '%s', %s)", key, id, state, test.at(now.Add(-ago))))
				}
				insert(test.ids[0], "placed", 20*time.Second)
				insert(test.ids[1], "placed", 19*time.Second)
				next := follow(t, settings(s.URL, s.Zone(test.zone), "", strings.NewReplacer(", columns: {traceparent: traceparent}", "", ", where: void = 0", "").Replace(shopStates)))
				if r := next(); r.Err != nil {
					t.Fatal(r.Err)
				}
				insert(test.ids[0], "paid", 10*time.Second)
				insert(test.ids[1], "shipped", 10*time.Second)
				insert(test.ids[0], "shipped", 0)
				for range 4 {
					next()
				}
				r := next()
				show := test.show
				if show[0] == "" {
					show = test.ids
				}
				confirmed, _ := conflictsOf(r)
				if want := show[1] + " illegal_move: placed → shipped"; r.Err != nil || strings.Join(confirmed, ";") != want {
					t.Errorf("confirmed %q, want %s; error %v, warnings %q", confirmed, want, r.Err, r.Warnings)
				}
				if movesOf(r, "placed", "paid") != 1 || movesOf(r, "paid", "shipped") != 1 {
					t.Errorf("moves %+v", r.Lifecycles[0].History.Transitions)
				}
			})
		})
	}
}

// Local time has the hour from two to three twice, so that by time the order was shipped
// before it was paid.
func TestTransitionsInTheRepeatedHour(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		s.Run(t, "ALTER TABLE moves ADD COLUMN version INTEGER NOT NULL DEFAULT 0")
		s.Grant(t, "moves", "version")
		for version, step := range [][2]string{{"placed", "01:50:00"}, {"paid", "02:40:00"}, {"shipped", "02:10:00"}} {
			s.Run(t, fmt.Sprintf("INSERT INTO moves (order_id, state, created_at, version) VALUES ('a', '%s', '2026-10-25 %s', %d)", step[0], step[1], version))
		}
		for _, key := range []string{"id", "[order_id, version]"} {
			next := follow(t, settings(s.URL, "", "", strings.NewReplacer("late: 1m", "late: 1m, remember: 10y", "traceparent: traceparent", "key: "+key).Replace(shopStates)))
			next()
			next()
			r := next()
			if confirmed, suspected := conflictsOf(r); r.Err != nil || len(confirmed)+len(suspected) > 0 {
				t.Errorf("by %s, confirmed %q, suspected %q, error %v", key, confirmed, suspected, r.Err)
			}
		}
	})
}
