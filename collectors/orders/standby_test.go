//go:build integration

package orders_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// A standby that does not replay shows an order in a state that it has left. Only an
// order that was overdue at the time that the standby shows is overdue.
func TestRealLateReplica(t *testing.T) {
	s := databasetest.Postgres(t)
	makeTable(t, s)
	add(t, s, "a", "placed", time.Hour)
	standby, url := databasetest.Standby(t, s)
	scalar := func(query string) (n int64) {
		t.Helper()
		if err := standby.QueryRow(query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	within := func(what, query string) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); scalar(query) == 0; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited for %s", what)
			}
		}
	}
	lifecycle := func(most time.Duration) string {
		return fmt.Sprintf("\n    states:\n      placed: {max: %dms, next: paid}\n      paid:\n", most.Milliseconds())
	}
	s.Run(t, "INSERT INTO orders (id, state) VALUES ('last', 'done')") // the first that the standby replays
	within("the first replay", "SELECT (pg_last_xact_replay_timestamp() IS NOT NULL)::int")
	if _, err := standby.Exec("SELECT pg_wal_replay_pause()"); err != nil {
		t.Fatal(err)
	}
	within("the pause", "SELECT (pg_get_wal_replay_pause_state() = 'paused')::int")
	// The dwell of the order at the time that the standby shows, on one clock.
	var since time.Time
	if err := s.Admin.QueryRow("SELECT updated_at FROM orders WHERE id = 'a'").Scan(&since); err != nil {
		t.Fatal(err)
	}
	known := time.UnixMilli(scalar("SELECT (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::bigint"))
	most := known.Sub(since) + 6*time.Second
	s.Run(t, "UPDATE orders SET state = 'paid', updated_at = now() WHERE id = 'a'")
	within("what is not replayed", "SELECT (pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn())::int")
	within("the deadline", fmt.Sprintf("SELECT (extract(epoch FROM clock_timestamp()) * 1000 > %d)::int", since.Add(most+time.Second).UnixMilli()))

	r := read(t, settings(url, "", "", lifecycle(most)))
	_, state := whole(t, r)
	if p := state["placed"]; p.Orders != 1 || p.Overdue != 0 {
		t.Errorf("of a late replica, placed has %d orders and %d overdue, want 1 and 0", p.Orders, p.Overdue)
	}
	checkWarning(t, r, "is a read replica that is", "behind")
	_, state = whole(t, read(t, settings(url, "", "", lifecycle(30*time.Minute))))
	if p := state["placed"]; p.Overdue != 1 {
		t.Errorf("an order that was overdue at the time of the replica is not: %+v", p)
	}

	if _, err := standby.Exec("SELECT pg_wal_replay_resume()"); err != nil {
		t.Fatal(err)
	}
	within("the replay", "SELECT (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn())::int")
	r = read(t, settings(url, "", "", lifecycle(most)))
	if _, state = whole(t, r); state["placed"].Orders != 0 {
		t.Errorf("after the replay, placed is %+v", state["placed"])
	}
}
