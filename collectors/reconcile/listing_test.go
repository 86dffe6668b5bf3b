package reconcile_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestSQLOfAFindingListsAllItsMismatches: both tables are in one database, and more differ than
// the sample names.
func TestSQLOfAFindingListsAllItsMismatches(t *testing.T) {
	t.Parallel()
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		shop(t, s, "orders", "payments")
		want := map[signal.MismatchKind][]string{}
		for i := range 8 {
			unpaid, unknown, twice, fine := fmt.Sprintf("unpaid-%d", i), fmt.Sprintf("unknown-%d", i), fmt.Sprintf("twice-%d", i), fmt.Sprintf("fine-%d", i)
			add(t, s, "orders", unpaid, "1", "it''s new")
			add(t, s, "payments", unpaid, "1", "failed") // which does not count
			add(t, s, "payments", unknown, "1", "captured")
			add(t, s, "orders", twice, "1", "it''s new")
			add(t, s, "payments", twice, "1", "captured")
			add(t, s, "payments", twice, "1", "captured")
			add(t, s, "orders", fine, "1", "it''s new")
			add(t, s, "payments", fine, "1", "captured")
			add(t, s, "orders", "draft-"+fine, "1", "draft") // needs no payment
			want[signal.MissingRight] = append(want[signal.MissingRight], unpaid)
			want[signal.MissingLeft] = append(want[signal.MissingLeft], unknown)
			want[signal.Duplicate] = append(want[signal.Duplicate], twice)
		}
		text := settings(s, s, "exactly_one", "sample: 2")
		text = strings.Replace(text, "{database: shop, table: orders,", `{database: shop, table: orders, where: "state = 'it''s new'",`, 1)
		text = strings.Replace(text, "{database: billing, table: payments,", `{database: shop, table: payments, where: "payments.state <> 'failed'",`, 1)
		w := watch(t, override(text, []string{calm}))
		found := w.checked()
		s.Run(t, "INSERT INTO orders VALUES ('new', 1, 'it''s new', "+s.Ago(-time.Minute)+")") // after the reading
		for kind, ids := range want {
			m, _ := found.OfKind(kind)
			if int(m.Count) != len(ids) || len(m.Sample) != 2 || m.SQL == "" {
				t.Fatalf("%s: %d mismatches, %d of them named, and the SQL is %q", kind, m.Count, len(m.Sample), m.SQL)
			}
			got := s.Listed(t, m.SQL)
			if slices.Sort(got); !slices.Equal(got, ids) {
				t.Errorf("%s lists %q, want %q", m.SQL, got, ids)
			}
		}
	})
}

// TestSQLOfAFindingAboutTwoDatabasesListsAllItsMismatches: there is a statement for each, and what their
// results have in common, or not, are the mismatches.
func TestSQLOfAFindingAboutTwoDatabasesListsAllItsMismatches(t *testing.T) {
	t.Parallel()
	databasetest.EachPairWithMySQL(t, func(t *testing.T, l, r *databasetest.Shop) {
		for s, table := range map[*databasetest.Shop][2]string{l: {"orders", "id"}, r: {"payments", "order_id"}} {
			s.Run(t, "CREATE TABLE "+table[0]+" ("+table[1]+" bigint, state "+s.Key+", created_at "+s.Time+" NULL)",
				"CREATE INDEX "+table[0]+"_key ON "+table[0]+" ("+table[1]+")", "CREATE INDEX "+table[0]+"_at ON "+table[0]+" (created_at)")
			s.Grant(t, table[0])
		}
		row := func(s *databasetest.Shop, table string, id int, state string) {
			t.Helper()
			s.Run(t, fmt.Sprintf("INSERT INTO %s VALUES (%d, '%s', %s)", table, id, state, s.Ago(time.Hour)))
		}
		want := map[signal.MismatchKind][]string{}
		for i := range 4 {
			unpaid, unknown, twice, fine := 10+i, 20+i, 30+i, 40+i
			row(l, "orders", unpaid, "it''s new")
			row(r, "payments", unpaid, "failed")
			row(r, "payments", unknown, "captured")
			row(l, "orders", unknown+1000, "it''s new")
			row(r, "payments", unknown+1000, "captured")
			row(l, "orders", twice, "it''s new")
			row(r, "payments", twice, "captured")
			row(r, "payments", twice, "captured")
			row(l, "orders", fine, "it''s new")
			row(r, "payments", fine, "captured")
			want[signal.MissingRight] = append(want[signal.MissingRight], fmt.Sprint(unpaid))
			want[signal.MissingLeft] = append(want[signal.MissingLeft], fmt.Sprint(unknown))
			want[signal.Duplicate] = append(want[signal.Duplicate], fmt.Sprint(twice))
		}
		text := settings(l, r, "exactly_one", "sample: 2")
		text = strings.Replace(text, "table: orders,", `table: orders, where: "state = 'it''s new'",`, 1)
		text = strings.Replace(text, "table: payments,", `table: payments, where: "state <> 'failed'",`, 1)
		found := watch(t, override(text, []string{calm})).checked()
		check := func(kind signal.MismatchKind, ids []string) {
			t.Helper()
			m, _ := found.OfKind(kind)
			parts := listed.FindStringSubmatch(m.SQL)
			if int(m.Count) != len(ids) || len(m.Sample) != 2 || parts == nil || !strings.Contains(parts[3], ids[0]) || !strings.Contains(parts[3], ids[len(ids)-1]) {
				t.Fatalf("%s: %d mismatches, %d of them named, and the SQL is %q", kind, m.Count, len(m.Sample), m.SQL)
			}
			of := map[string]*databasetest.Shop{"shop": l, "billing": r}
			second := of[parts[4]].Lines(t, parts[5])
			var got []string
			for _, line := range of[parts[2]].Lines(t, parts[3]) {
				if slices.Contains(second, line) == (parts[1] == "-12") {
					id, _, _ := strings.Cut(line, "\t")
					got = append(got, id)
				}
			}
			if slices.Sort(got); !slices.Equal(got, ids) {
				t.Errorf("%s lists %q, want %q", m.SQL, got, ids)
			}
		}
		for kind, ids := range want {
			check(kind, ids)
		}

		l.Run(t, "DELETE FROM orders")
		r.Run(t, "DELETE FROM payments")
		for i := range 6 {
			row(l, "orders", i, "paid")
			row(r, "payments", i, map[bool]string{true: "paid", false: "refunded"}[i < 3])
		}
		found = watch(t, override(sides(l, r, "{key: id, values: state}", "{key: order_id, values: state}", "equal", "sample: 2"), []string{calm})).checked()
		check(signal.Different, []string{"3", "4", "5"})
	})
}

// listed are the parts of the SQL about two databases: how to compare them, and the name and the statement of each.
var listed = regexp.MustCompile(`^-- .*: comm (-\d+) .*\n-- first, in database (.*):\n(SELECT .*);\n-- second, in database (.*):\n(SELECT .*)$`)
