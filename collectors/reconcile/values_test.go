package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// valueKinds are columns with equal values that each database writes in its own way: by
// kind of database, or for all.
var valueKinds = []struct {
	name  string
	left  string            // type on the left
	right string            // type on the right
	same  map[string]string // of left and right, by kind; "" is for those that are not named
	other string            // a value of the right that is another one
}{
	{"money", "decimal(12,2)", "postgres=numeric(14,4);mariadb=decimal(14,4);sqlite=real", map[string]string{"": "19.90"}, "19.91"},
	{"money as text", "decimal(12,2)", "postgres=text;mariadb=varchar(20);sqlite=text", map[string]string{"": "19.90"}, "19.91"},
	{"large money", "postgres=decimal(30,2);mariadb=decimal(30,2);sqlite=text", "postgres=decimal(30,2);mariadb=decimal(30,2);sqlite=text", map[string]string{"sqlite": "'123456789012345678901234.50'", "": "123456789012345678901234.50"}, "1"},
	{"a whole number in a decimal", "bigint", "decimal(20,3)", map[string]string{"": "100"}, "101"},
	{"a float", "postgres=double precision;mariadb=double;sqlite=real", "decimal(12,4)", map[string]string{"": "0.1"}, "0.2"},
	{"a float of four bytes", "postgres=real;mariadb=float;sqlite=real", "decimal(12,4)", map[string]string{"": "19.9"}, "19.8"},
	{"a domain", "postgres=amount;mariadb=decimal(12,2);sqlite=real", "postgres=amount;mariadb=decimal(14,4);sqlite=real", map[string]string{"": "19.90"}, "19.91"},
	{"a number with leading zeros", "postgres=integer;mariadb=int(8) zerofill;sqlite=integer", "bigint", map[string]string{"": "5"}, "50"},
	{"a bit", "postgres=boolean;mariadb=bit(1);sqlite=boolean", "postgres=boolean;mariadb=tinyint;sqlite=integer", map[string]string{"postgres": "true", "": "1"}, "postgres=false;mariadb=0;sqlite=0"},
	{"below zero", "decimal(12,2)", "postgres=double precision;mariadb=double;sqlite=real", map[string]string{"": "-0.50"}, "0.5"},
	{"zero", "decimal(12,2)", "integer", map[string]string{"": "0"}, "1"},
	{"yes", "postgres=boolean;mariadb=boolean;sqlite=boolean", "postgres=boolean;mariadb=tinyint;sqlite=integer", map[string]string{"postgres": "true", "": "1"}, "postgres=false;mariadb=0;sqlite=0"},
	{"text in all scripts", "postgres=text;mariadb=varchar(40) character set utf8mb4;sqlite=text", "postgres=varchar(40);mariadb=text character set utf8mb4;sqlite=text", map[string]string{"": "'bezahlt – 支払済 🚚'"}, "'bezahlt'"},
	{"letters that a collation treats as equal", "postgres=text;mariadb=varchar(40);sqlite=text", "postgres=text;mariadb=varchar(40);sqlite=text", map[string]string{"": "'PAID'"}, "'paid'"},
	{"nothing", "postgres=text;mariadb=varchar(40);sqlite=text", "postgres=text;mariadb=varchar(40);sqlite=text", map[string]string{"": "NULL"}, "''"},
	{"a UUID", "postgres=uuid;mariadb=char(36);sqlite=text", "postgres=uuid;mariadb=binary(16);sqlite=blob", map[string]string{"": "'" + uuidOf(7) + "'", "right binary": "x'" + bare(7) + "'"}, "postgres='" + uuidOf(8) + "';mariadb=x'" + bare(8) + "';sqlite=x'" + bare(8) + "'"},
	{"a moment", "postgres=timestamptz;mariadb=datetime(3);sqlite=datetime", "postgres=timestamp(3);mariadb=timestamp(3) NULL;sqlite=timestamp", map[string]string{"sqlite": "'2026-03-29T01:30:00.250Z'", "": "'2026-03-29 01:30:00.250'"}, "'2026-03-29 01:30:01.250'"},
}

func TestValuesAreComparedAcrossDatabases(t *testing.T) {
	t.Parallel()
	databasetest.EachPairWithMySQL(t, func(t *testing.T, l, r *databasetest.Shop) {
		var leftColumns, rightColumns, leftNames, rightNames []string
		for i, k := range valueKinds {
			leftNames, rightNames = append(leftNames, fmt.Sprintf("l%d", i)), append(rightNames, fmt.Sprintf("r%d", i))
			leftColumns, rightColumns = append(leftColumns, fmt.Sprintf("l%d %s", i, typed(l, k.left))), append(rightColumns, fmt.Sprintf("r%d %s", i, typed(r, k.right)))
		}
		for _, s := range []*databasetest.Shop{l, r} {
			if s.Kind == "postgres" {
				s.Run(t, "CREATE DOMAIN amount AS numeric(12,2)")
			}
		}
		l.Run(t, "CREATE TABLE orders (id BIGINT PRIMARY KEY, created_at "+l.Time+", "+strings.Join(leftColumns, ", ")+")")
		r.Run(t, "CREATE TABLE payments (order_id BIGINT PRIMARY KEY, created_at "+r.Time+", "+strings.Join(rightColumns, ", ")+")")
		l.Grant(t, "orders")
		r.Grant(t, "payments")
		value := func(s *databasetest.Shop, i int, right bool) string {
			if text, ok := valueKinds[i].same["right binary"]; ok && right && s.Kind != "postgres" {
				return text
			}
			if text, ok := valueKinds[i].same[s.Kind]; ok {
				return text
			}
			return valueKinds[i].same[""]
		}
		// Row 0 is the same on both sides; each other differs in one value.
		want := []string{}
		for row := range len(valueKinds) + 1 {
			var lefts, rights []string
			for i, k := range valueKinds {
				lefts = append(lefts, value(l, i, false))
				if row == i+1 {
					rights = append(rights, typed(r, k.other))
				} else {
					rights = append(rights, value(r, i, true))
				}
			}
			l.Run(t, fmt.Sprintf("INSERT INTO orders VALUES (%d, %s, %s)", row, l.Ago(time.Hour), strings.Join(lefts, ", ")))
			r.Run(t, fmt.Sprintf("INSERT INTO payments VALUES (%d, %s, %s)", row, r.Ago(time.Hour), strings.Join(rights, ", ")))
			if row > 0 {
				want = append(want, fmt.Sprint(row))
			}
		}
		utc := strings.NewReplacer("scan_limit: 1000", "scan_limit: 1000, time_zone: UTC")
		text := sides(l, r, "{key: id, values: ["+strings.Join(leftNames, ", ")+"]}", "{key: order_id, values: ["+strings.Join(rightNames, ", ")+"]}", "equal")
		if l.Kind != "sqlite" {
			text = strings.Replace(text, "scan_limit: 1000", utc.Replace("scan_limit: 1000"), 1)
		}
		if r.Kind != "sqlite" {
			at := strings.LastIndex(text, "scan_limit: 1000")
			text = text[:at] + strings.Replace(text[at:], "scan_limit: 1000", utc.Replace("scan_limit: 1000"), 1)
		}
		w := watch(t, override(text, []string{calm}))
		got := w.checked()
		expect(t, got, map[signal.MismatchKind][]string{signal.Different: want})
		different, _ := got.OfKind(signal.Different)
		for _, detail := range different.Details {
			t.Log(detail)
		}
		// The digests of equal values are equal too: a pass lists only what differs.
		for i := range len(valueKinds) {
			r.Run(t, fmt.Sprintf("UPDATE payments SET r%d = %s WHERE order_id = %d", i, value(r, i, true), i+1))
		}
		healed := w.checked()
		expect(t, healed, nil)
		again := w.checked()
		if again.Listed != healed.Listed {
			t.Errorf("%d rows were listed where nothing differs", again.Listed-healed.Listed)
		}
	})
}
