package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestMismatchesThatComeAndGoLeaveNothingBehind: ten thousand orders have no payment and are then
// deleted.
func TestMismatchesThatComeAndGoLeaveNothingBehind(t *testing.T) {
	s := databasetest.SQLite(t)
	shop(t, s, "orders", "payments")
	w := watch(t, settings(s, s, "exactly_one"))
	collectortest.LeavesNothingBehind(t, func(round int) {
		var rows []string
		for i := range collectortest.ChurnPerRound {
			rows = append(rows, fmt.Sprintf("('order-%05d', %s)", round*collectortest.ChurnPerRound+i, s.Ago(1e12)))
		}
		s.Run(t, "DELETE FROM orders", "INSERT INTO orders (id, created_at) VALUES "+strings.Join(rows, ", "))
		first := fmt.Sprintf("order-%05d", round*collectortest.ChurnPerRound)
		w.next("the orders of the round", func(r signal.Report) bool {
			if !r.Complete() {
				return false
			}
			for _, m := range r.Reconciliations[0].Mismatches {
				if m.Count == collectortest.ChurnPerRound {
					return len(m.Sample) > 0 && m.Sample[0].ID >= first
				}
			}
			return false
		})
	})
}
