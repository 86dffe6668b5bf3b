//go:build integration

package outbox_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// A row that is pending in a replica that stopped replicating may be published by now.
// It is not reported as overdue.
func TestRealStoppedMySQLReplicaHidesAges(t *testing.T) {
	databasetest.EachReplica(t, func(t *testing.T, r *databasetest.Replica) {
		makeTable(t, r.Shop)
		add(t, r.Shop, 1, time.Hour)
		r.Allow(t)
		r.Stop(t, "SQL_THREAD")
		late, early := settings(r.URL, "max_age: 1m"), settings(r.URL, "max_age: 2h")
		if o := whole(t, read(t, late)); o.Pending != 1 || o.Oldest.Known() {
			t.Errorf("%d are pending, the oldest %+v; want 1 of an unknown age", o.Pending, o.Oldest)
		}
		if o := whole(t, read(t, early)); !o.Oldest.Known() {
			t.Error("the age of a row that is not overdue on any clock is unknown")
		}
		r.Start(t)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			if o := whole(t, read(t, late)); o.Oldest.Known() {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("the replica follows again, and the oldest is %+v", o.Oldest)
			}
		}
	})
}
