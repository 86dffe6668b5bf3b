package orders_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// TestOrdersThatComeAndGoLeaveNothingBehind: ten thousand orders are overdue, in a state that the
// config does not name, or have an id of their request, and are then deleted.
func TestOrdersThatComeAndGoLeaveNothingBehind(t *testing.T) {
	for name, source := range map[string]string{
		"since when each is in its state is known": "",
		"only when each changed is known":          ", columns: {updated: updated_at}",
	} {
		t.Run(name, func(t *testing.T) {
			s := databasetest.SQLite(t)
			makeTable(t, s)
			s.Run(t, "CREATE INDEX by_state ON orders (state, updated_at, id)")
			next := follow(t, settings(s.URL, "", source, states))
			collectortest.LeavesNothingBehind(t, func(round int) {
				var rows []string
				for i := range collectortest.ChurnPerRound {
					rows = append(rows, fmt.Sprintf("('order-%d', '%s', %s)", round*collectortest.ChurnPerRound+i, []string{"placed", "FRAUD_CHECK"}[i%2], s.Ago(1e12)))
				}
				s.Run(t, "DELETE FROM orders", "INSERT INTO orders (id, state, updated_at) VALUES "+strings.Join(rows, ", "))
				next() // may be from before
				if r := next(); len(r.Lifecycles) != 1 || r.Lifecycles[0].States[0].Orders == 0 {
					t.Fatalf("round %d reads %+v, error %v", round, r.Lifecycles, r.Err)
				}
			})
		})
	}
}
