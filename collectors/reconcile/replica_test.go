//go:build integration

package reconcile_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// A row that a stopped replica does not show is missing only if the replica must have it.
func TestRealStoppedMySQLReplica(t *testing.T) {
	databasetest.EachReplica(t, func(t *testing.T, r *databasetest.Replica) {
		shop(t, r.Shop, "orders")
		shop(t, r.Shop, "payments")
		r.Allow(t)
		replica := *r.Shop
		replica.URL = r.URL
		w := watch(t, settings(r.Shop, &replica, "exactly_one"))
		w.checked()
		r.Stop(t, "SQL_THREAD")
		stopped := time.Now()
		justNow(t, r.Shop, "orders", "A-1", "paid")
		justNow(t, r.Shop, "payments", "A-1", "captured")
		w.suspects(1)
		w.next("what would have outlived its grace", func(r signal.Report) bool {
			return r.Complete() && time.Since(stopped) > 5*grace && r.Reconciliations[0].Suspects == 1
		})
		r.Start(t)
		w.suspects(0)
		w.checked()
		justNow(t, r.Shop, "orders", "A-2", "paid")
		w.next("a payment that is missing indeed", missing(1))
		if reported := w.everConfirmed(); len(reported) != 1 {
			t.Errorf("reported were %q", reported)
		}
	})
}
