package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRowsThatComeAndGoLeaveNothingBehind: ten thousand rows wait for a relay and are published.
func TestRowsThatComeAndGoLeaveNothingBehind(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	s.Run(t, "CREATE INDEX pending ON outbox (created_at, id) WHERE published_at IS NULL")
	next := follow(t, settings(s.URL, everything))
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

// follow runs the only target of a config until the test ends. It returns a function that waits for
// the next report.
func follow(t *testing.T, text string) (next func() signal.Report) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	sink := make(chan signal.Report)
	done := make(chan error, 1)
	go func() {
		done <- load(t, text)[0].New(slog.New(slog.DiscardHandler)).Run(ctx, sinkFunc(func(r signal.Report) {
			select {
			case sink <- r:
			case <-ctx.Done():
			}
		}))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return func() signal.Report { return <-sink }
}

// sinkFunc is a sink of one function.
type sinkFunc func(signal.Report)

// Report takes a report.
func (f sinkFunc) Report(r signal.Report) { f(r) }
