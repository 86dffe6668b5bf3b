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
