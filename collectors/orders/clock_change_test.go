//go:build integration

package orders_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// Twenty minutes after a clock change, only orders that are late in real time are
// overdue, and none because of the changed hour.
func TestRealClockChangeMakesNoOrderOverdue(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		kind := map[string]string{"postgres": "timestamp(3)", "mariadb": "datetime(3)"}[s.Kind]
		for name, test := range map[string]struct {
			back    bool
			overdue []string
		}{
			// Half past two is read as the second such moment, which is still to come.
			"set back":    {true, []string{"three hours", "fifteen minutes"}},
			"set forward": {false, []string{"three hours", "fifty minutes", "fifteen minutes"}},
		} {
			t.Run(name, func(t *testing.T) {
				now := time.Now()
				turn := s.Turn(t, now.Add(-20*time.Minute), test.back)
				s.Run(t, "DROP TABLE IF EXISTS orders", fmt.Sprintf("CREATE TABLE orders (id %s PRIMARY KEY, state %s, updated_at %s NOT NULL)", s.Key, s.Key, kind))
				s.Grant(t, "orders")
				for id, age := range map[string]time.Duration{"new": 0, "ten seconds": 10 * time.Second, "fifteen minutes": 15 * time.Minute, "fifty minutes": 50 * time.Minute, "three hours": 3 * time.Hour} {
					s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('%s', 'placed', '%s')", id, turn.Wall(now.Add(-age))))
				}
				r := read(t, settings(s.URL, s.Zone(turn.Name), "", states))
				_, state := whole(t, r)
				placed := state["placed"]
				if int(placed.Overdue) != len(test.overdue) || placed.Orders != 5 {
					t.Errorf("%d of %d are overdue, want %q of 5: %+v", placed.Overdue, placed.Orders, test.overdue, placed.Sample)
				}
				if age := placed.Oldest.At(signal.InstantOf(r.At)); age < 3*time.Hour-time.Second || age > 3*time.Hour+10*time.Minute {
					t.Errorf("the oldest is %s old, want three hours", age)
				}
				for i, id := range test.overdue {
					if i < len(placed.Sample) && placed.Sample[i].ID != id {
						t.Errorf("order %d of those that wait longest is %q, want %q", i, placed.Sample[i].ID, id)
					}
				}
			})
		}
	})
}
