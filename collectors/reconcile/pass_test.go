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

// passes are checks that read 4,000 orders and 2,000 payments in each possible way.
var passes = map[string]struct {
	expect      string
	key         string // type of the key of the payments
	left, right string // further settings of the sides
}{
	"by key range":                          {"exactly_one", "BIGINT", "", ""},
	"where the condition excludes all rows": {"exactly_one", "BIGINT", "where: state = 'none'", "where: state = 'none'"},
	"listing the right side":                {"at_most_one", "BIGINT", "", ""},
	"listing rows that do not count":        {"at_most_one", "BIGINT", "", "where: state = 'none'"},
	"listing numbers and texts":             {"exactly_one", "VARCHAR(20)", "where: id % 2 = 0", ""},
}

// beginPass creates the tables of a pass and watches it, at a rate.
func beginPass(t *testing.T, s *databasetest.Shop, name string, perSecond int, more ...string) *watching {
	t.Helper()
	c := passes[name]
	for table, kind := range map[string]string{"orders": "BIGINT", "payments": c.key} {
		key := map[string]string{"orders": "id", "payments": "order_id"}[table]
		s.Run(t, fmt.Sprintf("CREATE TABLE %s (%s %s PRIMARY KEY, state VARCHAR(20), created_at %s)", table, key, kind, s.Time))
		s.Grant(t, table)
	}
	s.Run(t, "INSERT INTO orders SELECT i, 'paid', "+s.Ago(time.Hour)+" FROM "+s.Many(4000),
		"INSERT INTO payments SELECT i * 2, 'captured', "+s.Ago(time.Hour)+" FROM "+s.Many(2000))
	s.Analyse(t, "orders")
	s.Analyse(t, "payments")
	side := func(key, more string) string { return strings.TrimSuffix("{key: "+key+", at: ''}, "+more, ", ") }
	text := sides(s, s, side("id", c.left), side("order_id", c.right), c.expect, more...)
	return watch(t, strings.Replace(text, "rows_per_second: 10000000", fmt.Sprintf("rows_per_second: %d", perSecond), 1))
}

func TestProgressCountsRowsThatAreNotCompared(t *testing.T) {
	t.Parallel()
	for name := range passes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s *databasetest.Shop) {
				w := beginPass(t, s, name, 5000) // 500 in each reading, or 1000 in every second one
				w.next("a pass", func(r signal.Report) bool { return r.Complete() && r.Reconciliations[0].Pass.Completed > 0 })
				w.mu.Lock()
				defer w.mu.Unlock()
				var between []float64
				for _, part := range w.parts {
					if part > 0.1 && part < 0.95 {
						between = append(between, part)
					}
				}
				if !slices.IsSorted(between) || len(slices.Compact(slices.Clone(between))) == 0 {
					t.Errorf("progress was reported as %.2f", w.parts)
				}
			})
		})
	}
}

func TestPassKeepsToItsRowRate(t *testing.T) {
	t.Parallel()
	for name := range passes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, s *databasetest.Shop) {
				w := beginPass(t, s, name, 100) // ten in a reading
				const readings = 15
				w.next("some readings", func(signal.Report) bool {
					w.mu.Lock()
					defer w.mu.Unlock()
					return len(w.parts) >= readings
				})
				// One step is 500 rows, or 1000 listed rows, and then the pass must wait.
				if last := w.next("one more", func(r signal.Report) bool { return r.Complete() }).Reconciliations[0].Pass; last.Completed > 0 || last.Fraction > 0.7 {
					t.Errorf("after %d readings, with 150 rows allowed, %d passes and %.2f of one are done", readings, last.Completed, last.Fraction)
				}
			})
		})
	}
}
