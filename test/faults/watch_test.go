//go:build integration

package faults_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/web/api"
)

// row is one line of the table: a fault and what was measured.
type row struct {
	system, fault string
	shown         string        // of the broken target
	stale         time.Duration // of the others, at most
	stalest       string        // the one that was so old, with its error
	recovery      time.Duration
	memory        int64
}

// table collects the rows of all tests.
var table struct {
	sync.Mutex
	rows []row
}

// watched is a lostorder whose findings are known.
type watched struct {
	*program
	known  map[string]api.Finding
	row    row
	broken bool // the fault lasts
}

// observe starts lostorder and waits until every target is read and its findings stay the same.
// Each of the given targets must have one.
func observe(t *testing.T, config string, with []string, wrap ...string) *watched {
	t.Helper()
	w := &watched{program: start(t, config, wrap...)}
	var last string
	var since time.Time
	eventually(t, "the findings settle", func() string {
		targets, err := w.targets()
		if err != nil {
			return err.Error()
		}
		for name, one := range targets {
			if !one.Up || one.Error != "" {
				return name + ": " + one.Error
			}
		}
		open, _, err := w.findings()
		if err != nil {
			return err.Error()
		}
		have := map[string]bool{}
		for _, f := range open {
			have[f.Target] = true
		}
		for _, name := range with {
			if !have[name] {
				return name + " has no finding yet"
			}
		}
		if now := describe(open); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) < 3*time.Second {
			return "they changed just now"
		}
		w.known = open
		return ""
	})
	return w
}

func describe(open map[string]api.Finding) string {
	var all []string
	for id := range open {
		all = append(all, id)
	}
	return fmt.Sprint(len(all), sorted(all))
}

// sample checks, once, the ages of all targets but the broken ones, memory and findings. It returns
// the targets.
func (w *watched) sample(broken string) map[string]api.Target {
	w.t.Helper()
	select {
	case <-w.exited:
		w.t.Fatalf("lostorder ended during %q:\n%s", w.row.fault, w.logged())
	default:
	}
	targets, err := w.targets()
	if err != nil {
		w.t.Errorf("%s: the API does not answer: %v", w.row.fault, err)
		return nil
	}
	for name, one := range targets {
		if name == broken {
			if one.Error != "" && w.broken {
				w.row.shown = one.Error
			}
		} else if broken != "all" {
			if a := age(one); a > w.row.stale {
				w.row.stale, w.row.stalest = a, name+" "+one.Error
			}
		}
	}
	w.row.memory = max(w.row.memory, w.memory())
	open, closed, err := w.findings()
	if err != nil {
		w.t.Errorf("%s: the API does not answer: %v", w.row.fault, err)
		return targets
	}
	for id, f := range open {
		if before, ok := w.known[id]; !ok {
			w.t.Fatalf("%s, %s: a finding was invented: %s of %s: %s", w.row.system, w.row.fault, f.Mode, f.Subject, f.Summary)
		} else if !f.Since.Equal(before.Since) {
			w.t.Fatalf("%s, %s: finding %s of %s began at %s and now at %s", w.row.system, w.row.fault, f.Mode, f.Subject, before.Since, f.Since)
		}
	}
	for id, f := range w.known {
		if _, ok := open[id]; !ok {
			w.t.Fatalf("%s, %s: a finding was lost: %s of %s", w.row.system, w.row.fault, f.Mode, f.Subject)
		}
	}
	if len(closed) > 0 {
		w.t.Fatalf("%s, %s: findings closed: %s", w.row.system, w.row.fault, strings.Join(closed, ", "))
	}
	return targets
}

// fault is one way to break something, and how to repair it.
type fault struct {
	name   string
	shows  string // what the error of the target contains; empty: there may be none
	inject func()
	repair func()
}

// breaks injects a fault, samples while it lasts, repairs it, waits until the target is fresh, and
// adds a row to the table. The target "all" stands for lostorder itself.
func (w *watched) breaks(system, target string, f fault) {
	w.t.Helper()
	w.row = row{system: system, fault: f.name}
	f.inject()
	w.broken = true
	began := time.Now()
	for ; time.Since(began) < *length || f.shows != "" && !strings.Contains(w.row.shown, f.shows); time.Sleep(tick) {
		if time.Since(began) > noticed {
			w.t.Errorf("%s, %s: the target shows %q, want %q", system, f.name, w.row.shown, f.shows)
			break
		}
		w.sample(target)
	}
	w.broken = false
	f.repair()
	w.recovers(target, time.Since(began))
}

// recovers waits until every target is fresh, which a fault that lasted so long allows to take a
// while, and adds the row.
func (w *watched) recovers(target string, lasted time.Duration) {
	w.t.Helper()
	repaired := time.Now()
	for ; ; time.Sleep(tick) {
		late := ""
		for name, one := range w.sample(target) {
			if one.Error != "" || !one.LastSuccess.After(repaired) {
				late = name + ": " + one.Error
			}
		}
		if late == "" {
			break
		}
		if took := time.Since(repaired); took > lasted+mostLater {
			w.t.Fatalf("%s, %s: not fresh %s after the repair: %s", w.row.system, w.row.fault, took, late)
		}
	}
	w.row.recovery = time.Since(repaired)
	w.sample(target)
	w.done()
}

// done checks the figures of the row and adds it to the table.
func (w *watched) done() {
	w.t.Helper()
	w.t.Logf("%s, %s: others at most %s old, recovered after %s, %d MB; %s", w.row.system, w.row.fault, w.row.stale.Round(time.Millisecond), w.row.recovery.Round(time.Millisecond), w.row.memory>>20, w.row.shown)
	if w.row.stale > mostStale || w.row.memory > mostMemory {
		w.t.Errorf("%s, %s: the others are up to %s old (%s) and memory is up to %d MB", w.row.system, w.row.fault, w.row.stale, w.row.stalest, w.row.memory>>20)
	}
	table.Lock()
	defer table.Unlock()
	table.rows = append(table.rows, w.row)
}
