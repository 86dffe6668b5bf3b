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

// One database wrote local times, the other times with a zone, and the clocks changed
// twenty minutes ago. Without a pass, rows of the first repeated hour are compared in the
// second.
func TestClockChangeLosesNoKeyRange(t *testing.T) {
	t.Parallel()
	databasetest.EachPairOfMySQL(t, func(t *testing.T, l, r *databasetest.Shop) {
		zoned := map[string]string{"postgres": "timestamptz", "mariadb": "timestamp(3)"}[r.Kind]
		for name, test := range map[string]struct {
			back   bool
			more   string
			behind []string // whose payments are missing and reported
		}{
			"set back, all":           {true, "", []string{"30", "150"}},
			"set back, the latest":    {true, "within: 50m", []string{"30"}},
			"set back, only new rows": {true, never, []string{"150", "new"}},
			"set forward, all":        {false, "", []string{"30", "150"}},
		} {
			t.Run(name, func(t *testing.T) {
				now := time.Now().Add(-time.Second)
				turn := l.Turn(t, now.Add(-20*time.Minute), test.back)
				l.Run(t, "DROP TABLE IF EXISTS orders", "CREATE TABLE orders (id VARCHAR(10) PRIMARY KEY, created_at datetime(3) NOT NULL)", "CREATE INDEX orders_at ON orders (created_at)")
				r.Run(t, "DROP TABLE IF EXISTS payments", "CREATE TABLE payments (order_id VARCHAR(10) PRIMARY KEY, created_at "+zoned+" NOT NULL)", "CREATE INDEX payments_at ON payments (created_at)")
				l.Grant(t, "orders")
				r.Grant(t, "payments")
				var orders, payments []string
				for minute := 1; minute <= 180; minute++ {
					at := now.Add(-time.Duration(minute) * time.Minute)
					orders = append(orders, fmt.Sprintf("('%d', '%s')", minute, turn.Wall(at)))
					if minute != 30 && minute != 150 {
						payments = append(payments, fmt.Sprintf("('%d', %s)", minute, r.Ago(time.Since(at))))
					}
				}
				l.Run(t, "INSERT INTO orders VALUES "+strings.Join(orders, ", "))
				r.Run(t, "INSERT INTO payments VALUES "+strings.Join(payments, ", "))
				text := strings.Replace(settings(l, r, "exactly_one", test.more), "name: shop, url: '"+l.URL+"'", "name: shop, url: '"+l.URL+"'"+l.Zone(turn.Name), 1)
				w := watch(t, text)
				if test.more != never {
					expect(t, w.checked(), map[signal.MismatchKind][]string{signal.MissingRight: test.behind})
					return
				}
				w.next("a reading", func(r signal.Report) bool { return r.Complete() })
				l.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('new', '%s')", turn.Wall(time.Now())))
				got := w.next("the new order", func(r signal.Report) bool {
					m, _ := r.Reconciliations[0].OfKind(signal.MissingRight)
					return r.Complete() && int(m.Count) == len(test.behind)
				})
				expect(t, got.Reconciliations[0], map[signal.MismatchKind][]string{signal.MissingRight: test.behind})
			})
		}
	})
}
