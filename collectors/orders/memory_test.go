package orders_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// life is one run of lostorder.
type life struct {
	next func() signal.Report
	end  func()
	log  *bytes.Buffer // read it after the end
}

// live runs the only target of a config with a memory.
func live(t *testing.T, text string, memory collectors.Memory) life {
	t.Helper()
	ctx, cancel := context.WithCancel(collectors.WithMemory(t.Context(), memory))
	l := life{log: &bytes.Buffer{}}
	sink := make(chan signal.Report)
	done := make(chan error, 1)
	target := load(t, text)[0]
	go func() {
		done <- target.New(slog.New(slog.NewTextHandler(l.log, nil))).Run(ctx, every(sink))
	}()
	l.next = func() signal.Report {
		t.Helper()
		select {
		case r := <-sink:
			return r
		case <-time.After(2 * time.Minute):
			t.Fatal("there was no report")
			return signal.Report{}
		}
	}
	l.end = sync.OnceFunc(func() {
		cancel()
		for {
			select {
			case <-sink:
			case err := <-done:
				if err != nil {
					t.Errorf("run: %v", err)
				}
				return
			}
		}
	})
	t.Cleanup(l.end)
	return l
}

// TestHistoryIsReadOnAfterARestart: transitions that were written while lostorder was down
// are compared with those before, and a conflict that was known is there at once.
func TestHistoryIsReadOnAfterARestart(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		text := settings(s.URL, "", "", shopStates)
		moment := time.Now()
		moveAsOf(t, s, moment, "A-1", "placed 50m, paid 40m, placed 30m")
		moveAsOf(t, s, moment, "A-2", "placed 50m, paid 40m, shipped 30m")
		moveAsOf(t, s, moment, "A-3", "placed 50m, paid 40m, placed 30m")
		memory := &collectortest.Memory{}
		first := live(t, text, memory)
		for confirmed := []string{}; len(confirmed) < 2; {
			confirmed, _ = conflictsOf(first.next())
		}
		crashed := &collectortest.Memory{Kept: memory.Copy()} // as kill -9 leaves it
		first.end()

		// A-3 is corrected, and A-2 makes an illegal transition.
		s.Run(t, "DELETE FROM moves WHERE order_id = 'A-3' AND state = 'placed'", "INSERT INTO moves (order_id, state, created_at) VALUES ('A-3', 'placed', "+s.Ago(time.Hour)+")")
		moveAsOf(t, s, moment, "A-2", "placed 1s")
		for name, kept := range map[string]*collectortest.Memory{"after SIGTERM": memory, "after kill -9": crashed} {
			next := live(t, text, kept)
			r := next.next()
			if confirmed, _ := conflictsOf(r); len(confirmed) != 1 || !strings.Contains(confirmed[0], "A-1") || !r.Recalled {
				t.Errorf("%s: the first reading confirms %q, recalled: %t", name, confirmed, r.Recalled)
			}
			if confirmed, _ := conflictsOf(next.next()); len(confirmed) != 2 || !slices.ContainsFunc(confirmed, func(one string) bool { return strings.Contains(one, "A-2") }) {
				t.Errorf("%s: the second reading confirms %q", name, confirmed)
			}
			next.end()
			if !strings.Contains(next.log.String(), "target resumed") {
				t.Errorf("%s: log: %s", name, next.log)
			}
		}
	})
}

// TestFirstSeenSurvivesARestart: a table that shows only when a row was changed last.
func TestFirstSeenSurvivesARestart(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	add(t, s, "A-1", "placed", 40*time.Minute)
	text := settings(s.URL, "", ", columns: {updated: updated_at}", states)
	memory := &collectortest.Memory{}
	first := live(t, text, memory)
	before := first.next().Lifecycles[0].States[0]
	first.end()
	s.Run(t, "UPDATE orders SET updated_at = "+s.Ago(0)) // a note was added
	second := live(t, text, memory)
	after := second.next().Lifecycles[0].States[0]
	if before.Oldest.Since != after.Oldest.Since || !after.Oldest.Since.Known() {
		t.Errorf("the order is placed since %v, and after a restart since %v", before.Oldest.Since.Time(), after.Oldest.Since.Time())
	}
}

// TestDuplicatesOfADowntimeAreFound: lostorder was down for longer than orders are compared
// with each other.
func TestDuplicatesOfADowntimeAreFound(t *testing.T) {
	s := databasetest.SQLite(t)
	makeRequests(t, s)
	text := strings.Replace(settings(s.URL, "", "", duplicateStates), "within: 1h", "within: 1s", 1)
	memory := &collectortest.Memory{}
	first := live(t, text, memory)
	first.next()
	first.next() // the first one is remembered by now
	first.end()
	order(t, s, "a1", "placed", 0, "1", "'r'")
	order(t, s, "a2", "placed", 0, "1", "'r'")
	forgetful := live(t, text, nil)
	for groups(forgetful.next()) != "" { // until both are too old for it
	}
	forgetful.end()
	second := live(t, text, memory)
	if got := groups(second.next()); got != "a1+a2" {
		t.Errorf("found %q", got)
	}
	for groups(second.next()) != "" { // and they leave the window in time
	}
}

// TestUselessMemoryOfALifecycleIsIgnored: the log says why.
func TestUselessMemoryOfALifecycleIsIgnored(t *testing.T) {
	s := databasetest.SQLite(t)
	makeTable(t, s)
	add(t, s, "A-1", "placed", time.Minute)
	text := settings(s.URL, "", "", states)
	id := load(t, text)[0].ID
	memory := &collectortest.Memory{}
	first := live(t, text, memory)
	first.next()
	first.end()
	for name, tc := range map[string]struct {
		text   string
		memory []byte
		says   string
	}{
		"it is damaged":                      {text, []byte("not a memory"), "it is damaged"},
		"it is cut off":                      {text, memory.Kept[id][:len(memory.Kept[id])/2], "it is damaged"},
		"the lifecycle had other states":     {strings.Replace(text, "max: 5m", "max: 6m", 1), memory.Kept[id], "it is of another configuration"},
		"the lifecycle was of another table": {strings.Replace(text, "table: orders", "table: main.orders", 1), memory.Kept[id], "it is of another configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			l := live(t, tc.text, &collectortest.Memory{Kept: map[signal.TargetID][]byte{id: tc.memory}})
			r := l.next()
			l.end()
			if r.Err != nil || r.Recalled || !strings.Contains(l.log.String(), tc.says) {
				t.Errorf("err %v, recalled: %t, log: %s", r.Err, r.Recalled, l.log)
			}
		})
	}
}
