package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// Two databases write the same moments in different zones. They compare as equal; times
// that differ by the offset of the zones are different.
func TestTimestampsAreComparedAcrossTimeZones(t *testing.T) {
	t.Parallel()
	// Half an hour is in it, and the zones have the same offset all the year, for not every
	// MariaDB knows zones by name.
	india, chile := time.FixedZone("", 5*3600+1800), time.FixedZone("", -4*3600)
	databasetest.EachPair(t, func(t *testing.T, l, r *databasetest.Shop) {
		table := func(s *databasetest.Shop, name, key string) {
			kind := map[string]string{"postgres": "timestamp(3)", "mariadb": "datetime(3)", "sqlite": "datetime"}[s.Kind]
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s BIGINT PRIMARY KEY, created_at %s NOT NULL, paid_at %s)", name, key, s.Time, kind))
			s.Grant(t, name)
		}
		table(l, "orders", "id")
		table(r, "payments", "order_id")
		wall := func(s *databasetest.Shop, at time.Time, zone *time.Location) string {
			if s.Kind == "sqlite" { // which has no zone of its own: a text without one is UTC
				return at.In(zone).Format("2006-01-02 15:04:05.000-07:00")
			}
			return at.In(zone).Format("2006-01-02 15:04:05.000")
		}
		apart := 9*time.Hour + 30*time.Minute
		for id, at := range []time.Time{
			time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 1, 0, 0, 250e6, time.UTC), time.Date(2025, 10, 26, 0, 30, 0, 0, time.UTC),
			time.Date(1999, 12, 31, 23, 59, 59, 999e6, time.UTC), time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
		} {
			other := at
			if id == 4 { // it has the same digits, and is another moment
				other = at.Add(apart)
			}
			l.Run(t, fmt.Sprintf("INSERT INTO orders VALUES (%d, %s, '%s')", id, l.Ago(time.Hour), wall(l, at, india)))
			r.Run(t, fmt.Sprintf("INSERT INTO payments VALUES (%d, %s, '%s')", id, r.Ago(time.Hour), wall(r, other, chile)))
		}
		text := sides(l, r, "{key: id, values: paid_at}", "{key: order_id, values: paid_at}", "equal")
		for _, side := range []struct {
			s    *databasetest.Shop
			name string
			zone string // as each of them writes an offset
		}{{l, "shop", "+05:30"}, {r, "billing", "-04:00"}} {
			if side.s.Kind == "sqlite" {
				continue
			}
			zone := side.zone
			if side.s.Kind == "postgres" {
				zone = map[string]string{"+05:30": "Asia/Kolkata", "-04:00": "Etc/GMT+4"}[zone]
			}
			line := "{name: " + side.name + ", url: '" + side.s.URL + "', scan_limit: 1000"
			text = strings.Replace(text, line, line+", time_zone: '"+zone+"'", 1)
		}
		expect(t, watch(t, text).checked(), map[signal.MismatchKind][]string{signal.Different: {"4"}})
	})
}

// A database that does not know which moment a text means reports an error, instead of
// mismatches in all rows.
func TestTextIsNotComparedWithTimestamps(t *testing.T) {
	t.Parallel()
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (id BIGINT PRIMARY KEY, amount INTEGER, paid_at %s, created_at %s)", s.Time, s.Time),
			"CREATE TABLE payments (order_id BIGINT PRIMARY KEY, amount INTEGER, paid_at varchar(40), created_at "+s.Time+")",
			"INSERT INTO orders VALUES (1, 1, "+s.Ago(time.Hour)+", "+s.Ago(0)+")", "INSERT INTO payments VALUES (1, 1, '2026-01-01 00:00:00', "+s.Ago(0)+")")
		s.Grant(t, "orders")
		s.Grant(t, "payments")
		w := watch(t, sides(s, s, "{key: id, values: [amount, paid_at]}", "{key: order_id, values: [amount, paid_at]}", "equal"))
		r := w.next("an error", func(r signal.Report) bool { return r.Err != nil })
		if text := r.Err.Error(); !strings.Contains(text, "column paid_at of table ") || !strings.Contains(text, "right.columns.values[1] in the config") || len(r.Reconciliations) > 0 {
			t.Errorf("it says %v, and %+v", r.Err, r.Reconciliations)
		}
	})
}
