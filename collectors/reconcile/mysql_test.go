//go:build integration

package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// In MySQL md5() comes with a component, and the collation ignores accents but not
// trailing spaces. MySQL is once on the left and once on the right.
func TestMySQLKeysOfEveryType(t *testing.T) {
	t.Parallel()
	pairs := [][2]func(testing.TB) *databasetest.Shop{{databasetest.MySQL, databasetest.Postgres}, {databasetest.MariaDB, databasetest.MySQL}}
	for i, k := range keyKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			l, r := pairs[i%2][0](t), pairs[i%2][1](t)
			leftColumns := k.table(t, l, "orders", k.left, true)
			rightColumns := k.table(t, r, "payments", k.right, false)
			var lefts, rights []int
			for i := 1; i <= 300; i++ {
				if i != 70 && i != 299 {
					lefts = append(lefts, i)
				}
				if i != 3 && i != 80 && i != 81 {
					rights = append(rights, i)
				}
			}
			k.add(t, l, "orders", k.left, lefts...)
			k.add(t, r, "payments", k.right, append(rights, 5, 120, 120)...)
			w := watch(t, sides(l, r, leftColumns, rightColumns, "exactly_one"))
			expect(t, w.checked(), map[signal.MismatchKind][]string{
				signal.MissingRight: {k.id(3), k.id(80), k.id(81)},
				signal.MissingLeft:  {k.id(70), k.id(299)},
				signal.Duplicate:    {k.id(5), k.id(120)},
			})
		})
	}
}

// Types that only MySQL has are compared with the types that a migration to PostgreSQL
// uses. Row 0 is equal on both sides; every other row differs in one value.
func TestMySQLOnlyTypesAreCompared(t *testing.T) {
	t.Parallel()
	kinds := []struct{ mysql, written, postgres, same, other string }{
		{"enum('open', 'paid')", "'paid'", "text", "'paid'", "'open'"},
		{"set('gift', 'express')", "'gift,express'", "text", "'gift,express'", "'gift'"},
		{"year", "2026", "integer", "2026", "2025"},
		{"bigint unsigned", "18446744073709551615", "numeric(20)", "18446744073709551615", "18446744073709551614"},
		{"bit(8)", "b'10000001'", "integer", "129", "128"},
		{"tinyint(1)", "1", "boolean", "true", "false"},
		{"binary(16)", "uuid_to_bin('" + uuidOf(7) + "')", "uuid", "'" + uuidOf(7) + "'", "'" + uuidOf(8) + "'"},
		{"varchar(20)", "'paid '", "text", "'paid '", "'paid'"},
		{"varchar(20)", "'Zürich'", "text", "'Zürich'", "'Zurich'"},
		{"int invisible", "7", "integer", "7", "8"},
		{"decimal(12,2) AS (r0 * 1.5) VIRTUAL", "DEFAULT", "numeric(12,2)", "0", "1"},
		{"date", "'2026-03-29'", "date", "'2026-03-29'", "'2026-03-30'"},
		{"double", "0.1", "double precision", "0.1", "0.2"},
	}
	l, r := databasetest.MySQL(t), databasetest.Postgres(t)
	var lefts, rights, written, names []string
	for i, k := range kinds {
		lefts, rights = append(lefts, fmt.Sprintf("v%d %s", i, k.mysql)), append(rights, fmt.Sprintf("v%d %s", i, k.postgres))
		written, names = append(written, k.written), append(names, fmt.Sprintf("v%d", i))
	}
	l.Run(t, "CREATE TABLE orders (id BIGINT PRIMARY KEY, created_at datetime(3), r0 INTEGER DEFAULT 0, "+strings.Join(lefts, ", ")+")")
	r.Run(t, "CREATE TABLE payments (order_id BIGINT PRIMARY KEY, created_at timestamptz, "+strings.Join(rights, ", ")+")")
	l.Grant(t, "orders")
	r.Grant(t, "payments")
	var want []string
	for row := range len(kinds) + 1 {
		l.Run(t, fmt.Sprintf("INSERT INTO orders (id, created_at, %s) VALUES (%d, %s, %s)", strings.Join(names, ", "), row, l.Ago(time.Hour), strings.Join(written, ", ")))
		var values []string
		for i, k := range kinds {
			values = append(values, map[bool]string{true: k.other, false: k.same}[row == i+1])
		}
		r.Run(t, fmt.Sprintf("INSERT INTO payments VALUES (%d, %s, %s)", row, r.Ago(time.Hour), strings.Join(values, ", ")))
		if row > 0 {
			want = append(want, fmt.Sprint(row))
		}
	}
	columns := "values: [" + strings.Join(names, ", ") + "]}"
	got := watch(t, sides(l, r, "{key: id, "+columns, "{key: order_id, "+columns, "equal")).checked()
	expect(t, got, map[signal.MismatchKind][]string{signal.Different: want})
	if different, _ := got.OfKind(signal.Different); t.Failed() {
		t.Log(different.Details)
	}
}
