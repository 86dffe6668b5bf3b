package watch_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

const interval = 15 * time.Second

var orders = signal.TargetID{Collector: "orders", Target: "order"}

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

func newClock() *clock { return &clock{now: time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)} }

// overdue is a reading with one order that is overdue.
func overdue(at time.Time) signal.Report {
	since := signal.InstantOf(at.Add(-time.Hour))
	return signal.Report{
		TargetID: orders, At: at, Interval: interval,
		Lifecycles: []signal.Lifecycle{{Name: "order", Database: "db", States: []signal.State{{
			Name: "placed", Max: time.Minute, Orders: 1, Overdue: 1,
			Oldest: signal.Age{Since: since, Bound: signal.Measured},
			Sample: []signal.OrderRef{{ID: "A-1", Since: since, TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"}},
		}}}},
	}
}

func TestSnapshotIsReadyWhenEveryTargetWasTriedOnce(t *testing.T) {
	c := newClock()
	w := watch.New(c.time, slog.New(slog.DiscardHandler), nil)
	other := signal.TargetID{Collector: "kafka", Target: "main"}
	w.Expect([]collectors.Target{{ID: orders}, {ID: other}})
	if w.Snapshot().Ready {
		t.Error("ready before anything was read")
	}
	w.Report(overdue(c.time()))
	if w.Snapshot().Ready {
		t.Error("ready though kafka was not tried")
	}
	w.Report(signal.Report{TargetID: other, At: c.time(), Interval: interval, Err: errors.New("connection refused")})
	s := w.Snapshot()
	if !s.Ready {
		t.Error("a target that is down keeps lostorder from being ready")
	}
	if len(s.Targets) != 2 || s.Targets[0].Up || s.Targets[0].Err == nil || !s.Targets[1].Up {
		t.Errorf("targets %+v", s.Targets)
	}
}

func TestReadingThatCannotBeRefreshedIsDroppedAfterThreeIntervals(t *testing.T) {
	c := newClock()
	w := watch.New(c.time, slog.New(slog.DiscardHandler), nil)
	w.Report(overdue(c.time()))
	first := w.Snapshot()
	for range 3 {
		w.Report(signal.Report{TargetID: orders, At: c.pass(interval), Interval: interval, Err: errors.New("connection refused")})
	}
	kept := w.Snapshot()
	if kept.Targets[0].Reading == nil || kept.Targets[0].Up {
		t.Errorf("after three intervals: %+v; want the last reading of a red target", kept.Targets[0])
	}
	c.pass(time.Second)
	gone := w.Snapshot()
	if gone.Targets[0].Reading != nil {
		t.Error("the reading is shown for longer than three intervals")
	}
	if gone.Version == kept.Version || kept.Version == first.Version {
		t.Error("what is shown changed and the version did not")
	}
	if len(gone.Open) != 1 {
		t.Errorf("open findings %d: what cannot be seen is not healed", len(gone.Open))
	}
}

func TestSnapshotIsTheSameUntilSomethingChanges(t *testing.T) {
	c := newClock()
	w := watch.New(c.time, slog.New(slog.DiscardHandler), nil)
	w.Report(overdue(c.time()))
	before := w.Snapshot()
	if w.Snapshot() != before {
		t.Error("a new snapshot though nothing changed")
	}
	w.Report(overdue(c.pass(interval)))
	if after := w.Snapshot(); after == before || after.Version == before.Version {
		t.Error("the old snapshot after a new reading")
	}
}

func TestFindingIsLoggedOnceWithItsOrderAndTrace(t *testing.T) {
	c := newClock()
	var log bytes.Buffer
	var changes []detect.Change
	w := watch.New(c.time, slog.New(slog.NewTextHandler(&log, nil)), func(c detect.Change) { changes = append(changes, c) })
	for range 5 {
		w.Report(overdue(c.pass(interval)))
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 1 || len(changes) != 1 {
		t.Fatalf("%d lines, %d changes, want one of each:\n%s", len(lines), len(changes), log.String())
	}
	for _, want := range []string{"mode=order_overdue", "order in state placed", "A-1", "trace_id=4bf92f3577b34da6a3ce929d0e0e4736", "severity=critical"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("the line lacks %q: %s", want, lines[0])
		}
	}
	w.Forget(orders)
	if len(changes) != 2 || changes[1].Kind != detect.Closed || len(w.Snapshot().Targets) != 0 {
		t.Errorf("after forgetting: changes %+v, targets %+v", changes, w.Snapshot().Targets)
	}
}

func TestReportsAndSnapshotsAtTheSameTime(t *testing.T) {
	c := newClock()
	w := watch.New(c.time, slog.New(slog.DiscardHandler), nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				w.Report(overdue(c.pass(time.Millisecond)))
			}
		})
		all.Go(func() {
			var last uint64
			for range 200 {
				s := w.Snapshot()
				if s.Version < last {
					t.Error("versions go backwards")
				}
				last = s.Version
			}
		})
	}
	all.Wait()
}

func TestGrowthOfAnOpenFindingIsOneLineOfTheLog(t *testing.T) {
	c := newClock()
	var out bytes.Buffer
	var grown []detect.Change
	w := watch.New(c.time, slog.New(slog.NewTextHandler(&out, nil)), func(change detect.Change) {
		if change.Kind == detect.Grown {
			grown = append(grown, change)
		}
	})
	for _, n := range []signal.Count{4, 4, 40, 41, 42} {
		r := overdue(c.pass(interval))
		r.Lifecycles[0].States[0].Overdue, r.Lifecycles[0].States[0].Orders = n, n
		w.Report(r)
	}
	if len(grown) != 1 || strings.Count(out.String(), "finding grew") != 1 || !strings.Contains(out.String(), "count=40") || !strings.Contains(out.String(), "count_before=4") {
		t.Errorf("%d changes and log\n%s", len(grown), out.String())
	}
	if closed := w.Snapshot().Closed; len(closed) != 0 {
		t.Errorf("growth closed %+v", closed)
	}
}

// TestAcknowledgementsAreReviewed: one that ended, and one with a wrong id, are each one line
// of the log.
func TestAcknowledgementsAreReviewed(t *testing.T) {
	c := newClock()
	var out bytes.Buffer
	w := watch.New(c.time, slog.New(slog.NewTextHandler(&out, nil)), nil)
	w.Acknowledge([]detect.Acknowledgement{
		{Lifecycle: "order", Orders: map[string]string{"A-1": "A-1", "A-99": "A-99"}, Until: c.time().Add(time.Hour), Why: "SHOP-1"},
		{Check: "charged", UpTo: 3, Until: c.time().Add(2 * time.Hour), Why: "SHOP-2"},
	})
	play := func(d time.Duration) {
		for end := c.time().Add(d); c.time().Before(end); {
			w.Report(overdue(c.pass(interval)))
		}
	}
	play(10 * time.Minute)
	s := w.Snapshot()
	if len(s.Open) != 0 || len(s.Acknowledgements) != 2 || s.Acknowledgements[0].Count != 1 || s.Acknowledgements[0].Known != 2 || s.Acknowledgements[1].Count != 0 {
		t.Errorf("open %+v, acknowledgements %+v", s.Open, s.Acknowledgements)
	}
	if out.Len() > 0 {
		t.Errorf("logged too early: %s", out.String())
	}
	play(40 * time.Minute)
	if text := out.String(); strings.Count(text, "are not affected") != 1 || !strings.Contains(text, "order_ids=[A-99]") || strings.Count(text, "covers nothing") != 1 {
		t.Errorf("log %s", text)
	}
	out.Reset()
	play(30 * time.Minute)
	s = w.Snapshot()
	if text := out.String(); strings.Count(text, "has ended") != 1 || !strings.Contains(text, "why=SHOP-1") || len(s.Open) != 1 || !s.Acknowledgements[0].Expired || s.Acknowledgements[0].Count != 0 {
		t.Errorf("open %+v, acknowledgements %+v, log %s", s.Open, s.Acknowledgements, text)
	}
}
