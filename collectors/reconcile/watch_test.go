package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/reconcile"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
)

// grace is the grace period of the checks in tests.
const grace = 400 * time.Millisecond

// patience is the timeout of a reading, long enough for a busy machine.
const patience = "timeout: 1m"

// calm is the interval of checks that run many at a time and find everything in each
// reading.
const calm = "interval: 300ms"

// settings is a config file with one check of orders against payments; more are further
// keys of it.
func settings(left, right *databasetest.Shop, expect string, more ...string) string {
	return sides(left, right, "{key: id}", "{key: order_id}", expect, more...)
}

// sides is a config file with the names of the columns.
func sides(left, right *databasetest.Shop, leftColumns, rightColumns, expect string, more ...string) string {
	return fmt.Sprintf(`databases:
  - {name: shop, url: '%s', scan_limit: 1000, max_connections: 100}
  - {name: billing, url: '%s', scan_limit: 1000, max_connections: 100}
reconciliations:
  - name: payments
    interval: 100ms
    %s
    grace: %s
    rows_per_second: 10000000
    left: {database: shop, table: orders, columns: %s}
    right: {database: billing, table: payments, columns: %s}
    expect: %s
`, left.URL, right.URL, patience, grace, leftColumns, rightColumns, expect) + "    " + strings.Join(append(more, ""), "\n    ")
}

// each runs a test on each kind of database, in parallel: most of it is waiting.
func each(t *testing.T, test func(t *testing.T, s *databasetest.Shop)) {
	t.Helper()
	databasetest.EachKind(t, func(t *testing.T, start func(testing.TB) *databasetest.Shop) { test(t, start(t)) })
}

func parse(text string) (*config.File, error) {
	return config.Parse("test.yml", []byte(text), "", []config.Section{database.Section(), privacy.Section(), reconcile.Source().Section})
}

func load(t *testing.T, text string) []collectors.Target {
	t.Helper()
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return reconcile.Source().Targets(f)
}

// watching is a running check. It keeps the latest report.
type watching struct {
	t      *testing.T
	mu     sync.Mutex
	latest signal.Report
	ever   []string  // what any report contained: kind and order
	parts  []float64 // of the first pass, done at each report
	// compared is the number of compared keys, at each report.
	compared []signal.Count
	more     chan struct{}
	stop     func()
	log      bytes.Buffer // read it only after the check has stopped
}

// Report takes a report.
func (w *watching) Report(r signal.Report) {
	w.mu.Lock()
	w.latest = r
	for _, c := range r.Reconciliations {
		w.compared = append(w.compared, c.Compared)
		if c.Pass.Completed == 0 {
			w.parts = append(w.parts, c.Pass.Fraction)
		}
		for _, m := range c.Mismatches {
			for _, o := range m.Sample {
				w.ever = append(w.ever, string(m.Kind)+" "+o.ID)
			}
		}
	}
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// watch runs the only check of a config until the test ends or stops it.
func watch(t *testing.T, text string) *watching {
	t.Helper()
	return watchFrom(t, text, nil)
}

// watchFrom is watch with what an earlier run remembered.
func watchFrom(t *testing.T, text string, memory collectors.Memory) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(collectors.WithMemory(t.Context(), memory))
	w := &watching{t: t, more: make(chan struct{}, 1)}
	done := make(chan error, 1)
	target := load(t, text)[0]
	go func() { done <- target.New(slog.New(slog.NewTextHandler(&w.log, nil))).Run(ctx, w) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(w.stop)
	return w
}

// next waits for a report that fulfils a condition.
func (w *watching) next(what string, holds func(signal.Report) bool) signal.Report {
	w.t.Helper()
	late := time.After(3 * time.Minute)
	for {
		select {
		case <-w.more:
			w.mu.Lock()
			r := w.latest
			w.mu.Unlock()
			if holds(r) {
				return r
			}
		case <-late:
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("no report of %s; the last: %+v, %v", what, w.latest.Reconciliations, w.latest.Err)
		}
	}
}

// checked waits until all current rows were compared and every difference has lasted for
// the grace period.
func (w *watching) checked() signal.Reconciliation {
	w.t.Helper()
	select {
	case <-w.more: // it may be from before the latest change
	default:
	}
	first := w.next("a whole reading", func(r signal.Report) bool { return r.Complete() }).Reconciliations[0].Pass
	done := first.Completed + 1
	if first.StartedAt.Known() {
		done++ // the current pass may be beyond the change
	}
	seen := w.next("a pass", func(r signal.Report) bool { return r.Complete() && r.Reconciliations[0].Pass.Completed >= done })
	r := w.next("what outlived its grace", func(r signal.Report) bool {
		return r.Complete() && r.At.Sub(seen.At) > 2*grace && r.Reconciliations[0].Suspects == 0
	})
	return r.Reconciliations[0]
}

// readings is the number of readings so far.
func (w *watching) readings() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.compared)
}

// everConfirmed is what any report contained.
func (w *watching) everConfirmed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.ever)
	return slices.Compact(slices.Clone(w.ever))
}

// suspects waits for a report with so many suspects.
func (w *watching) suspects(n signal.Count) {
	w.t.Helper()
	w.next(fmt.Sprintf("%d suspects", n), func(r signal.Report) bool { return r.Complete() && r.Reconciliations[0].Suspects == n })
}

// expect fails the test unless exactly these orders are reported, by kind.
func expect(t *testing.T, r signal.Reconciliation, want map[signal.MismatchKind][]string) {
	t.Helper()
	for _, kind := range []signal.MismatchKind{signal.MissingRight, signal.MissingLeft, signal.Duplicate, signal.Different} {
		m, _ := r.OfKind(kind)
		var got []string
		for _, o := range m.Sample {
			got = append(got, o.ID)
		}
		slices.Sort(got)
		slices.Sort(want[kind])
		if !slices.Equal(got, want[kind]) || int(m.Count) != len(want[kind]) {
			t.Errorf("%s: reported %d, %q; want %q", kind, m.Count, got, want[kind])
		}
	}
}
