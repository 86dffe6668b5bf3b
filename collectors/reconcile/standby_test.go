//go:build integration

package reconcile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// The left, the right or both sides are standbys of PostgreSQL that do not replay. No
// check reports a mismatch that only they show. A row that the primaries lack is reported
// by the checks that see it, and by all once the standby replays again.
func TestRealStandbysAreConfirmedByTheirPrimaries(t *testing.T) {
	t.Parallel()
	s := databasetest.Postgres(t)
	shop(t, s, "orders", "payments")
	both := func(id string) {
		add(t, s, "orders", id, "1", "paid")
		add(t, s, "payments", id, "1", "captured")
	}
	for _, id := range []string{"A-1", "A-2", "archived", "corrected"} {
		both(id)
	}
	add(t, s, "payments", "corrected", "1", "captured")
	standby, url := databasetest.Standby(t, s)
	replay := func(order, state string) {
		t.Helper()
		if _, err := standby.Exec("SELECT pg_wal_replay_" + order + "()"); err != nil {
			t.Fatal(err)
		}
		for now, late := "", time.Now().Add(2*time.Minute); now != state; time.Sleep(50 * time.Millisecond) {
			if err := standby.QueryRow("SELECT pg_get_wal_replay_pause_state()").Scan(&now); err != nil || time.Now().After(late) {
				t.Fatalf("the replay is %q, want %q; error %v", now, state, err)
			}
		}
	}
	replay("pause", "paused")
	// What the standby does not know: an order and its payment, two that are gone, a
	// payment of two that is, and an amount that was changed.
	both("A-5")
	s.Run(t, "DELETE FROM orders WHERE id = 'archived'", "DELETE FROM payments WHERE order_id = 'archived'",
		"DELETE FROM payments WHERE ctid = (SELECT min(ctid) FROM payments WHERE order_id = 'corrected')",
		"UPDATE orders SET amount = 2 WHERE id = 'A-1'", "UPDATE payments SET amount = 2 WHERE order_id = 'A-1'")

	replica := *s
	replica.URL = url
	checks := map[string]*watching{}
	for name, side := range map[string][2]*databasetest.Shop{"left": {&replica, s}, "right": {s, &replica}, "both": {&replica, &replica}, "copy": {s, &replica}} {
		text := settings(side[0], side[1], "exactly_one")
		if name == "copy" {
			text = sides(side[0], side[1], "{key: id, values: amount}", "{key: order_id, values: amount}", "equal")
		}
		text = strings.Replace(text, "databases:\n", "databases:\n  - {name: primary, url: '"+s.URL+"', max_connections: 100}\n", 1)
		for i, database := range []string{"database: shop,", "database: billing,"} {
			if side[i] == &replica {
				text = strings.Replace(text, database, database+" primary: primary,", 1)
			}
		}
		checks[name] = watch(t, override(text, []string{calm}))
	}
	for name, suspected := range map[string]signal.Count{"left": 2, "right": 3, "both": 1, "copy": 4} {
		checks[name].suspects(suspected)
	}
	seen := time.Now()
	for name, w := range checks {
		w.next("many graces", func(r signal.Report) bool { return r.Complete() && r.At.Sub(seen) > 10*grace })
		if got := w.everConfirmed(); len(got) > 0 {
			t.Errorf("with a replica as %s, reported %q, which the primaries do not have", name, got)
		}
	}

	s.Run(t, "DELETE FROM payments WHERE order_id = 'A-2'")
	checks["left"].next("the loss", missing(1))
	replay("resume", "not paused")
	for name, w := range checks {
		w.next("the loss", missing(1))
		r := w.checked()
		if got := w.everConfirmed(); !slices.Equal(got, []string{"missing_right A-2"}) || r.Suspects != 0 {
			t.Errorf("with a replica as %s, reported %q, and %d are suspected; want A-2 alone", name, got, r.Suspects)
		}
	}
}
