//go:build integration

package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// An order in a replica is overdue only if it was overdue at the time that the replica
// shows, whether the replica is late, stopped, or has lost its source.
func TestRealMySQLReplica(t *testing.T) {
	databasetest.EachReplica(t, func(t *testing.T, r *databasetest.Replica) {
		s := r.Shop
		makeTable(t, s)
		add(t, s, "late", "placed", time.Hour)
		add(t, s, "known", "paid", time.Minute)
		f := follower{t, r}
		f.arrives("known")
		if !t.Run("without the grant it is read as before, and check names the grant", f.withoutTheRight) {
			return
		}
		t.Run("a late replica", f.late)
		t.Run("a stopped replica", f.stopped)
		t.Run("a replica that lost its source and is promoted", f.lost)
	})
}

// follower is a replica under test.
type follower struct {
	t *testing.T
	*databasetest.Replica
}

func (f follower) arrives(id string) {
	f.t.Helper()
	f.Await(f.t, "order "+id, "SELECT count(*) FROM shop.orders WHERE id = '"+id+"'")
}

// placed is a lifecycle with a limit for the state placed.
func placed(longest time.Duration) string {
	return fmt.Sprintf("\n    states:\n      placed: {max: %dms, next: paid}\n      paid:\n", longest.Milliseconds())
}

// watch reads the replica continuously, and returns a function that waits for a reading.
func (f follower) watch(t *testing.T, source string, longest time.Duration) (until func(what string, want func(p signal.State, warnings string) bool)) {
	t.Helper()
	sink := make(reports, 1)
	run(t, settings(f.URL, "", source, placed(longest)), sink, sink)
	return func(what string, want func(signal.State, string) bool) {
		t.Helper()
		last := "nothing was read"
		for deadline := time.After(2 * time.Minute); ; {
			select {
			case report := <-sink:
				_, state := whole(t, report)
				warnings := strings.Join(report.Warnings, "; ")
				if want(state["placed"], warnings) {
					return
				}
				last = fmt.Sprintf("%d orders, %d overdue, warnings: %s", state["placed"].Orders, state["placed"].Overdue, warnings)
			case <-deadline:
				t.Fatalf("waited for %s; last there were %s", what, last)
			}
		}
	}
}

func (f follower) withoutTheRight(t *testing.T) {
	text := settings(f.URL, ", read_replica_lag: 1m", "", placed(time.Minute))
	e := collectors.Examine(t.Context(), load(t, text)[0])
	if _, state := whole(t, e.Report); state["placed"].Overdue != 1 || len(e.Report.Warnings) != 0 {
		t.Errorf("it has %d overdue, want 1; warnings: %q", state["placed"].Overdue, e.Report.Warnings)
	}
	var right collectors.Advice
	for _, a := range e.Advice {
		if a.Kind == collectors.Grant && !strings.Contains(a.Paste, "SELECT") {
			right = a
		}
	}
	t.Log(right)
	if !strings.Contains(right.Text, "it is taken to be 1m behind, as read_replica_lag says") {
		t.Errorf("the advice is %q", right)
	}
	primary := collectors.Examine(t.Context(), load(t, settings(f.Shop.URL, "", "", placed(time.Minute)))[0])
	for _, a := range primary.Advice {
		if a.Kind == collectors.Grant && !strings.Contains(a.Paste, "SELECT") {
			t.Errorf("of a server that is no replica, too: %q", a)
		}
	}
	before := f.Asked(t)
	until := f.watch(t, "", time.Minute)
	for range 5 {
		until("readings", func(signal.State, string) bool { return true })
	}
	if n := f.Asked(t) - before; n != 1 {
		t.Errorf("on one connection it was asked %d times for what it refuses, want 1", n)
	}
	f.Shop.Run(t, right.Paste)
	add(t, f.Shop, "granted", "paid", time.Minute)
	f.arrives("granted")
	for _, a := range collectors.Examine(t.Context(), load(t, text)[0]).Advice {
		if a.Paste == right.Paste {
			t.Errorf("the grant is still advised although it is given")
		}
	}
}

// touch makes an order enter its state again, and returns two times between which it
// did.
func (f follower) touch(t *testing.T, id, state string) (earliest, latest time.Time) {
	t.Helper()
	earliest = time.Now()
	f.Shop.Run(t, fmt.Sprintf("UPDATE orders SET state = '%s', updated_at = now(3) WHERE id = '%s'", state, id))
	return earliest, time.Now()
}

func (f follower) late(t *testing.T) {
	add(t, f.Shop, "moved", "placed", 0)
	since := time.Now() // at the latest
	f.arrives("moved")
	f.Delay(t, time.Hour)
	_, last := f.touch(t, "moved", "paid")
	// The order left the state in time. At the time of the reading it would be overdue.
	longest := last.Sub(since) + 3*time.Second
	f.Await(t, "the deadline", fmt.Sprintf("SELECT unix_timestamp(now(3)) > %.3f", float64(last.Add(8*time.Second).UnixMilli())/1000))
	f.watch(t, "", longest)("a reading of what is late", func(p signal.State, warnings string) bool {
		if p.Orders != 2 || p.Overdue != 1 {
			t.Fatalf("of a late replica, placed has %d orders and %d overdue, want 2 and 1", p.Orders, p.Overdue)
		}
		return strings.Contains(warnings, "is a read replica that is") && strings.Contains(warnings, "behind")
	})
	f.watch(t, ", columns: {updated: updated_at}", longest)("the same of a table with only updated_at", func(p signal.State, _ string) bool {
		return p.Orders == 2 && p.Overdue == 1
	})
	until := f.watch(t, "", longest)
	f.Delay(t, 0)
	until("the replica to catch up", func(p signal.State, warnings string) bool { return p.Orders == 1 && p.Overdue == 1 && warnings == "" })
}

// enters places an order, waits until the replica shows it, and then changes the replica
// before the order is overdue. It returns when the order would be overdue.
func (f follower) enters(t *testing.T, longest time.Duration, before func()) (due time.Time) {
	t.Helper()
	first, last := f.touch(t, "moved", "placed")
	f.Await(t, "the order", "SELECT count(*) FROM shop.orders WHERE id = 'moved' AND state = 'placed' AND updated_at >= "+fmt.Sprintf("from_unixtime(%.3f)", float64(first.UnixMilli())/1000))
	before()
	if time.Since(first) > longest {
		t.Skipf("the machine is too slow for a deadline of %s", longest)
	}
	return last.Add(longest)
}

// keeps checks, until after the deadline of the order, that only the late order is
// overdue.
func keeps(t *testing.T, until func(string, func(signal.State, string) bool), due time.Time, words string) {
	t.Helper()
	until(words, func(p signal.State, warnings string) bool {
		if p.Overdue != 1 {
			t.Fatalf("of %d orders that are placed %d are overdue, want 1; warnings: %s", p.Orders, p.Overdue, warnings)
		}
		return p.Orders == 2 && time.Now().After(due.Add(time.Second)) && strings.Contains(warnings, words) && strings.Contains(warnings, "last followed its source")
	})
}

// longest is the limit for placed in the faster tests.
const longest = 10 * time.Second

func (f follower) stopped(t *testing.T) {
	until := f.watch(t, "", longest)
	for range 3 {
		until("a replica that follows", func(p signal.State, warnings string) bool { return p.Overdue == 1 && warnings == "" })
	}
	due := f.enters(t, longest, func() { f.Stop(t, "SQL_THREAD") })
	f.touch(t, "moved", "paid")
	keeps(t, until, due, "its SQL thread is stopped")
	for _, source := range []string{"", ", columns: {updated: updated_at}"} {
		r := read(t, settings(f.URL, "", source, placed(longest)))
		if _, state := whole(t, r); state["placed"].Orders != 2 || state["placed"].Overdue.Known() {
			t.Errorf("with source%s, by somebody who never saw the replica follow, placed is %+v", source, state["placed"])
		}
		checkWarning(t, r, "its SQL thread is stopped, and the age of its data is unknown", "counts none of it as late")
	}
	f.Start(t)
	until("the replica to follow again", func(p signal.State, warnings string) bool { return p.Orders == 1 && p.Overdue == 1 && warnings == "" })
}

func (f follower) lost(t *testing.T) {
	until := f.watch(t, "", longest)
	for range 3 {
		until("a replica that follows", func(p signal.State, warnings string) bool { return p.Overdue == 1 && warnings == "" })
	}
	due := f.enters(t, longest, f.LoseSource)
	keeps(t, until, due, "has lost its source")
	f.Promote(t)
	until("a server of its own", func(p signal.State, warnings string) bool { return p.Orders == 2 && p.Overdue == 2 && warnings == "" })
}
