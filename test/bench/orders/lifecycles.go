package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	mostDatabases   = 50
	mostConnections = 4
	everyReading    = 15 * time.Second
	// mostLate is how much later than its interval a reading may begin: the jitter of the
	// schedule is five hundredths of it.
	mostLate = 2 * time.Second
)

// lifecycles watches the table by one and by many lifecycles, and in many databases of the server,
// and prints the connections, how late readings are, and what the server spends on them.
func (b *bench) lifecycles(ctx context.Context, length time.Duration) error {
	defer b.dropMore(context.WithoutCancel(ctx))
	if err := b.createMore(ctx, mostDatabases-1, 10_000); err != nil {
		return err
	}
	fmt.Println("| lifecycles | databases of one server | connections at the peak | readings | failed | late, median | late, most | CPU of the server |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	var errs []error
	for _, test := range []struct{ lifecycles, databases int }{{1, 1}, {50, 1}, {300, 1}, {300, mostDatabases}} {
		targets, err := b.targets(everyReading, test.lifecycles, test.databases)
		if err != nil {
			return err
		}
		w, err := b.many(ctx, targets, length)
		if err != nil {
			return err
		}
		late := w.late(everyReading)
		fmt.Printf("| %d | %d | %d | %d | %d | %.2f s | %.2f s | %.1f %% of a core |\n", test.lifecycles, test.databases, w.connections, w.readings, w.failed,
			median(late).Seconds(), slices.Max(late).Seconds(), 100*w.cpu.Seconds()/length.Seconds())
		if w.connections > mostConnections || w.failed > 0 || slices.Max(late) > mostLate {
			errs = append(errs, fmt.Errorf("%d lifecycles: at most %d connections, no failed reading and %s of lateness are allowed; the last failure: %s", test.lifecycles, mostConnections, mostLate, w.lastFailure()))
		}
	}
	return errors.Join(errs...)
}

// watched is what watching brought.
type watched struct {
	mu                            sync.Mutex
	at                            map[signal.TargetID][]time.Time
	connections, readings, failed int
	failure                       error // of the last failed reading
	cpu                           time.Duration
}

// Report notes a reading.
func (w *watched) Report(r signal.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[r.TargetID] = append(w.at[r.TargetID], r.At)
	w.readings++
	if r.Err != nil {
		w.failed++
		w.failure = r.Err
	}
}

// lastFailure is why the last failed reading failed.
func (w *watched) lastFailure() string {
	if w.failure == nil {
		return "none"
	}
	return w.failure.Error()
}

// Forget makes it what a manager reports to; it forgets nothing.
func (*watched) Forget(signal.TargetID) {}

// late is how much more than an interval passed between readings of each target.
func (w *watched) late(every time.Duration) []time.Duration {
	all := []time.Duration{0}
	for _, at := range w.at {
		for i := range at[1:] {
			all = append(all, max(at[i+1].Sub(at[i])-every, 0))
		}
	}
	return all
}

func (b *bench) many(ctx context.Context, targets []collectors.Target, length time.Duration) (*watched, error) {
	w := &watched{at: map[signal.TargetID][]time.Time{}}
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	manager := collectors.NewManager(w, slog.New(slog.DiscardHandler))
	manager.Apply(ctx, targets)
	defer manager.Stop()
	spent := map[string]time.Duration{}
	for ctx.Err() == nil {
		rows, err := b.db.QueryContext(ctx, "SELECT pid FROM pg_stat_activity WHERE usename = $1", b.watcher())
		if err != nil {
			break
		}
		n := 0
		for rows.Next() {
			var pid int
			if err := rows.Scan(&pid); err == nil {
				n++
				if cpu, ok := processCPU(pid); ok {
					spent[strconv.Itoa(pid)] = cpu // of a process that ends, what it had at the last sample
				}
			}
		}
		_ = rows.Close()
		w.connections = max(w.connections, n)
		time.Sleep(20 * time.Millisecond)
	}
	for _, cpu := range spent {
		w.cpu += cpu
	}
	return w, nil
}

// processCPU is what a process of the server has spent, where it runs on this machine.
func processCPU(pid int) (time.Duration, bool) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, false
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	const utime, stime, tick = 11, 12, 10 * time.Millisecond
	if len(fields) <= stime {
		return 0, false
	}
	user, _ := strconv.Atoi(fields[utime])
	system, _ := strconv.Atoi(fields[stime])
	return time.Duration(user+system) * tick, true
}
