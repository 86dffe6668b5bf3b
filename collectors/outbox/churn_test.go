package outbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// TestRowsThatComeAndGoLeaveNothingBehind: ten thousand rows wait for a relay and are published.
func TestRowsThatComeAndGoLeaveNothingBehind(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	s.Run(t, "CREATE INDEX pending ON outbox (created_at, id) WHERE published_at IS NULL")
	next, _ := live(t, settings(s.URL, everything), &collectortest.Memory{})
	collectortest.LeavesNothingBehind(t, func(round int) {
		var rows []string
		for i := range collectortest.ChurnPerRound {
			id := round*collectortest.ChurnPerRound + i
			rows = append(rows, fmt.Sprintf("(%d, 'order-%d', %s)", id, id, s.Ago(1e12)))
		}
		s.Run(t, "UPDATE outbox SET published_at = "+s.Ago(0)+" WHERE published_at IS NULL", "INSERT INTO outbox (id, aggregate_id, created_at) VALUES "+strings.Join(rows, ", "))
		next() // may be from before
		if o := whole(t, next()); o.Pending != collectortest.ChurnPerRound {
			t.Fatalf("round %d reads %d pending rows", round, o.Pending)
		}
	})
}
