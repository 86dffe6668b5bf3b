package orders_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// Tables and columns as Hibernate and Prisma create them, written in the config in any
// case, with only nullable columns. The recommended indexes can be pasted and are enough.
func TestMixedCaseNamesAreFoundAndQuoted(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		q := s.Quoted
		orders, events := q("Orders"), q("orderEvents")
		s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s %s, %s BIGINT, %s %s, %s %s, %s %s)", orders, q("tenantId"), s.Key, q("orderNo"), q("State"), s.Key, q("updatedAt"), s.Time, q("createdAt"), s.Time),
			fmt.Sprintf("CREATE TABLE %s (%s BIGINT, %s %s, %s BIGINT, %s %s, %s %s)", events, q("Id"), q("tenantId"), s.Key, q("orderNo"), q("toState"), s.Key, q("at Time"), s.Time),
			fmt.Sprintf("INSERT INTO %s SELECT 'acme', i, 'shipped', %[2]s, %[2]s FROM %[3]s", orders, s.Ago(time.Hour), s.Many(3000)),
			fmt.Sprintf("INSERT INTO %s SELECT i, 'acme', i, 'placed', %s FROM %s", events, s.Ago(time.Minute), s.Many(3000)),
			fmt.Sprintf("INSERT INTO %s VALUES (9001, 'acme', 7, 'shipped', %s)", events, s.Ago(0)))
		for _, table := range []string{orders, events} {
			s.Analyse(t, table)
			s.Grant(t, table)
		}
		text := settings(s.URL, ", scan_limit: 1000", ", columns: {order_id: [tenantid, ORDERNO], state: state, since: updatedAt}", `
    states: {placed: {max: 5m, next: paid}, paid: {max: 1h, next: shipped}, shipped: {}}
    history: {table: orderevents, columns: {key: [tenantID, id], order_id: [TenantId, orderno], state: tostate, at: at time}, late: 1m}
    duplicates: {key: [tenantId, orderNo], created: createdAt, within: 2h, interval: 100ms}
`)
		for range 4 { // one missing index may hide another
			next := follow(t, text)
			next()
			next()
			r := next()
			statements := createIndex.FindAllString(fmt.Sprint(r.Err, r.Warnings), -1)
			if len(statements) == 0 {
				break
			}
			slices.Sort(statements)
			s.Run(t, slices.Compact(statements)...)
		}
		next := follow(t, text)
		next()
		next()
		r := next()
		if confirmed, _ := conflictsOf(r); r.Err != nil || len(r.Warnings) > 0 || strings.Join(confirmed, ";") != "acme/7 illegal_move: placed → shipped" || groups(r) != "" {
			t.Errorf("confirmed %q, duplicates %q, error %v, warnings %q", confirmed, groups(r), r.Err, r.Warnings)
		}
	})
}
