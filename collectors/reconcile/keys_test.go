package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// keyKind is a type of key: the columns that hold it, and how its values are written.
type keyKind struct {
	name        string
	rows        int                                                   // enough to split a key range twice
	left, right []string                                              // types of the columns; by kind of database where they differ
	value       func(s *databasetest.Shop, kind string, i int) string // in SQL, for a column of that type
	id          func(i int) string                                    // as evidence has it
}

// typed selects the type for a kind of database: "postgres=uuid,mariadb=char(36),sqlite=text".
func typed(s *databasetest.Shop, types string) string {
	if !strings.Contains(types, "=") {
		return types
	}
	for part := range strings.SplitSeq(types, ";") {
		if kind, name, _ := strings.Cut(part, "="); kind == s.Kind {
			return name
		}
	}
	return ""
}

func uuidOf(i int) string {
	n := uint64(i) * 0x9E3779B97F4A7C15
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(n>>32), uint16(n>>16), uint16(n)&0xfff, i&0xfff, n&0xffffffffffff)
}

func bare(i int) string { return strings.ReplaceAll(uuidOf(i), "-", "") }

const big = 9007199254740993 // more than a float holds

var letters = []string{"A-%d", "Ä-%d", "日本-%d", "ß'%d", "🚚-%d", "a-%d", "Z_%d"}

var keyKinds = []keyKind{
	{
		name: "text in all scripts", rows: 300, left: []string{"postgres=text;mariadb=varchar(60) character set utf8mb4 collate utf8mb4_bin;sqlite=text"}, right: []string{"postgres=varchar(60);mariadb=varchar(60) character set utf8mb4;sqlite=text"},
		value: func(_ *databasetest.Shop, _ string, i int) string {
			return "'" + strings.ReplaceAll(fmt.Sprintf(letters[i%len(letters)], i), "'", "''") + "'"
		},
		id: func(i int) string { return fmt.Sprintf(letters[i%len(letters)], i) },
	},
	{
		name: "numbers beyond a float", rows: 300, left: []string{"bigint"}, right: []string{"bigint"},
		value: func(_ *databasetest.Shop, _ string, i int) string { return fmt.Sprint(big + i) },
		id:    func(i int) string { return fmt.Sprint(big + i) },
	},
	{
		name: "UUIDs in native and other forms", rows: 300, left: []string{"postgres=uuid;mariadb=binary(16);sqlite=blob"}, right: []string{"postgres=varchar(36);mariadb=char(36);sqlite=text"},
		value: func(_ *databasetest.Shop, kind string, i int) string {
			if kind == "binary(16)" || kind == "blob" {
				return "x'" + bare(i) + "'"
			}
			return "'" + uuidOf(i) + "'"
		},
		id: uuidOf,
	},
	{
		name: "two columns", rows: 300, left: []string{"postgres=text;mariadb=varchar(20);sqlite=text", "bigint"}, right: []string{"postgres=varchar(20);mariadb=varchar(20);sqlite=text", "postgres=numeric(20);mariadb=decimal(20);sqlite=integer"},
		value: func(_ *databasetest.Shop, kind string, i int) string {
			if strings.Contains(kind, "text") || strings.Contains(kind, "char") {
				return fmt.Sprintf("'tenant %d'", i%3)
			}
			return fmt.Sprint(i / 3)
		},
		id: func(i int) string { return fmt.Sprintf("tenant %d/%d", i%3, i/3) },
	},
	{
		name: "numbers on one side, text on the other", rows: 1010, // more than are listed at a time
		left: []string{"bigint"}, right: []string{"postgres=text;mariadb=varchar(30);sqlite=text"},
		value: func(_ *databasetest.Shop, kind string, i int) string {
			if kind == "bigint" {
				return fmt.Sprint(i)
			}
			return fmt.Sprintf("'%d'", i)
		},
		id: func(i int) string { return fmt.Sprint(i) },
	},
}

// ids are several ids.
func (k *keyKind) ids(rows ...int) (all []string) {
	for _, i := range rows {
		all = append(all, k.id(i))
	}
	return all
}

// table creates a table of keys that the user of lostorder may read by named columns.
func (k *keyKind) table(t *testing.T, s *databasetest.Shop, name string, types []string, unique bool) (columns string) {
	t.Helper()
	var defs, names []string
	for i, kind := range types {
		column := fmt.Sprintf("k%d", i)
		names = append(names, column)
		defs = append(defs, column+" "+typed(s, kind)+" NOT NULL")
	}
	s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s, created_at %s NULL)", name, strings.Join(defs, ", "), s.Time))
	index := "CREATE INDEX "
	if unique {
		index = "CREATE UNIQUE INDEX "
	}
	s.Run(t, index+name+"_key ON "+name+" ("+strings.Join(names, ", ")+")", "CREATE INDEX "+name+"_at ON "+name+" (created_at)")
	s.Grant(t, name, append(names, "created_at")...)
	return "{key: [" + strings.Join(names, ", ") + "]}"
}

// add adds rows by number.
func (k *keyKind) add(t *testing.T, s *databasetest.Shop, table string, types []string, rows ...int) {
	t.Helper()
	var values []string
	for _, i := range rows {
		var row []string
		for _, kind := range types {
			row = append(row, k.value(s, typed(s, kind), i))
		}
		values = append(values, "("+strings.Join(row, ", ")+", "+s.Ago(time.Hour)+")")
	}
	s.Run(t, "INSERT INTO "+table+" VALUES "+strings.Join(values, ", "))
}

func TestMismatchesWithKeysOfEveryType(t *testing.T) {
	t.Parallel()
	for _, k := range keyKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			databasetest.EachPair(t, func(t *testing.T, l, r *databasetest.Shop) {
				leftColumns := k.table(t, l, "orders", k.left, true)
				rightColumns := k.table(t, r, "payments", k.right, false)
				n := k.rows
				noOrder, noPayment, twice, thrice := []int{n / 2, n - 1}, []int{3, n * 2 / 3, n*2/3 + 1}, 5, n*3/4
				var lefts, rights []int
				for i := 1; i <= n; i++ {
					if !slices.Contains(noOrder, i) {
						lefts = append(lefts, i)
					}
					if !slices.Contains(noPayment, i) {
						rights = append(rights, i)
					}
				}
				k.add(t, l, "orders", k.left, lefts...)
				k.add(t, r, "payments", k.right, append(rights, twice, thrice, thrice)...)
				l.Analyse(t, "orders")
				r.Analyse(t, "payments")
				// Each reading is a complete pass: more of them find nothing more.
				w := watch(t, override(sides(l, r, leftColumns, rightColumns, "exactly_one"), []string{"interval: 1s"}))
				got := w.checked()
				expect(t, got, map[signal.MismatchKind][]string{
					signal.MissingRight: k.ids(noPayment...),
					signal.MissingLeft:  k.ids(noOrder...),
					signal.Duplicate:    k.ids(twice, thrice),
				})
				// A mismatch that disappears is no longer reported.
				k.add(t, r, "payments", k.right, noPayment...)
				k.add(t, l, "orders", k.left, noOrder...)
				expect(t, w.checked(), map[signal.MismatchKind][]string{signal.Duplicate: k.ids(twice, thrice)})
			})
		})
	}
}
