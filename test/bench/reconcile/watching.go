package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/lostorder/lostorder/collectors/reconcile"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	readings "github.com/lostorder/lostorder/internal/signal"
)

// watching is a running check.
type watching struct {
	stop func()
	more chan struct{}

	mu     sync.Mutex
	latest readings.Report
	heap   struct{ first, most uint64 }
}

// watch runs a check as a user would configure it, with additional keys.
func (s *stores) watch(ctx context.Context, keys ...string) (*watching, error) {
	text := fmt.Sprintf(`databases:
  - {name: shop, url: %q}
  - {name: billing, url: %q}
reconciliations:
  - name: payments
    left: {database: shop, table: bench_orders, columns: {key: id, values: [state, amount]}}
    right: {database: billing, table: bench_payments, columns: {key: order_id, values: [status, total]}}
    expect: equal
    %s
`, s.postgresURL, s.mariadbURL, strings.Join(keys, "\n    "))
	f, err := config.Parse("bench.yml", []byte(text), ".", []config.Section{reconcile.Source().Section, database.Section()})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &watching{more: make(chan struct{}, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		_ = reconcile.Source().Targets(f)[0].New(log).Run(ctx, w)
	}()
	w.stop = func() { cancel(); <-ended }
	return w, nil
}

// Report stores a report and samples the memory.
func (w *watching) Report(r readings.Report) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.mu.Lock()
	w.latest = r
	if w.heap.first == 0 {
		w.heap.first = m.HeapInuse
	}
	w.heap.most = max(w.heap.most, m.HeapInuse)
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
}

func (w *watching) reading() readings.Reconciliation {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.latest.Reconciliations) == 0 {
		return readings.Reconciliation{}
	}
	return w.latest.Reconciliations[0]
}

// until waits for a complete report that satisfies a condition.
func (w *watching) until(ctx context.Context, holds func(*readings.Reconciliation) bool) (readings.Reconciliation, error) {
	for {
		select {
		case <-ctx.Done():
			return readings.Reconciliation{}, ctx.Err()
		case <-w.more:
		}
		r := w.reading()
		w.mu.Lock()
		err := w.latest.Err
		w.mu.Unlock()
		if err != nil {
			return r, err
		}
		if holds(&r) {
			return r, nil
		}
	}
}

// cycles waits for n reports.
func (w *watching) cycles(ctx context.Context, n int) (readings.Reconciliation, error) {
	return w.until(ctx, func(*readings.Reconciliation) bool { n--; return n <= 0 })
}
