package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/orders"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// The limits of a poll.
const (
	mostBuffers = 200
	mostWall    = 5 * time.Millisecond
)

// watcher is the watching user: it may read three columns only.
func (b *bench) watcher() string { return fmt.Sprintf("lostorder_watcher_%d", os.Getpid()) }

// target is the order table as lostorder watches it.
func (b *bench) target(interval time.Duration) (collectors.Target, error) {
	all, err := b.targets(interval, 1, 1)
	if err != nil {
		return collectors.Target{}, err
	}
	return all[0], nil
}

// targets are lifecycles on the order table, spread over entries of databases that are one server.
func (b *bench) targets(interval time.Duration, lifecycles, databases int) ([]collectors.Target, error) {
	var text strings.Builder
	text.WriteString("databases:\n")
	for i, address := range append([]string{b.url}, b.more...)[:databases] {
		u, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		u.User = url.UserPassword(b.watcher(), "watch")
		fmt.Fprintf(&text, "  - {name: shop%d, url: %q}\n", i, u.String())
	}
	text.WriteString("lifecycles:\n")
	for i := range lifecycles {
		fmt.Fprintf(&text, `
  - name: order%d
    interval: %s
    source: {database: shop%d, table: orders}
    states:
      placed: {max: 5m, next: [paid, cancelled]}
      paid: {max: 1h, next: shipped}
      shipped: {max: 7d, next: delivered}
      delivered: {}
      cancelled: {abandoned: true}
`, i, interval, i%databases)
	}
	f, err := config.Parse("bench.yml", []byte(text.String()), "", []config.Section{database.Section(), orders.Source().Section})
	if err != nil {
		return nil, err
	}
	return orders.Source().Targets(f), nil
}

// reports passes reports on while a receiver waits for them.
type reports chan signal.Report

// Report passes a report on.
func (r reports) Report(one signal.Report) {
	select {
	case r <- one:
	default:
	}
}

// watch watches the table until stop is called.
func (b *bench) watch(ctx context.Context, interval time.Duration) (got reports, stop func(), err error) {
	target, err := b.target(interval)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	got = make(reports)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = target.New(slog.New(slog.DiscardHandler)).Run(ctx, got)
	}()
	return got, func() { cancel(); <-done }, nil
}

// buffers returns the pages of the table and its indexes that were read so far.
func (b *bench) buffers(ctx context.Context) (n int64, err error) {
	err = b.db.QueryRowContext(ctx, `SELECT heap_blks_read + heap_blks_hit + coalesce(idx_blks_read, 0) + coalesce(idx_blks_hit, 0) FROM pg_statio_user_tables WHERE relname = 'orders'`).Scan(&n)
	return n, err
}

// settled returns buffers once the server's statistics are complete.
func (b *bench) settled(ctx context.Context) (n int64, err error) {
	for last := int64(-1); ; {
		if n, err = b.buffers(ctx); err != nil || n == last {
			return n, err
		}
		last = n
		time.Sleep(3 * time.Second)
	}
}

// compare measures warm polls and the usual GROUP BY.
func (b *bench) compare(ctx context.Context, polls int) error {
	const warm = 5
	got, stop, err := b.watch(ctx, 100*time.Millisecond)
	if err != nil {
		return err
	}
	for range warm {
		if r := <-got; r.Err != nil {
			stop()
			return r.Err
		}
	}
	stop()
	before, err := b.settled(ctx)
	if err != nil {
		return err
	}
	// A new connection, so that the server's statistics are those of these polls, including
	// the plans that each poll requests first.
	got, stop, err = b.watch(ctx, 100*time.Millisecond)
	if err != nil {
		return err
	}
	var walls []time.Duration
	for range polls {
		r := <-got
		if r.Err != nil {
			stop()
			return r.Err
		}
		walls = append(walls, r.Duration)
	}
	stop()
	after, err := b.settled(ctx)
	if err != nil {
		return err
	}
	perPoll := (after - before) / int64(polls)
	// Other load on the machine only makes polls slower.
	wall := quantile(walls, 0.25)

	others, err := b.explain(ctx, "SELECT state, count(*), min(updated_at) FROM orders GROUP BY state")
	if err != nil {
		return err
	}
	fmt.Println("| | buffers | wall |")
	fmt.Println("|---|---|---|")
	fmt.Printf("| one poll of lostorder, warm (a quarter of %d takes less; median %.1f ms) | %d | %.1f ms |\n", polls, ms(median(walls)), perPoll, ms(wall))
	fmt.Printf("| `GROUP BY state` over the table | %d | %.0f ms |\n\n", others.buffers, others.ms)
	if perPoll > mostBuffers || wall > mostWall {
		return errors.New("a poll may cost 200 buffers and 5 ms")
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// cost is the cost of a query as EXPLAIN ANALYZE reports it.
type cost struct {
	buffers int64
	ms      float64
}

// explain runs a query twice and returns the cost of the second run.
func (b *bench) explain(ctx context.Context, query string) (c cost, err error) {
	for range 2 {
		var text []byte
		if err := b.db.QueryRowContext(ctx, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+query).Scan(&text); err != nil {
			return c, err
		}
		var plans []struct {
			Plan struct {
				Hit  int64 `json:"Shared Hit Blocks"`
				Read int64 `json:"Shared Read Blocks"`
			}
			Time float64 `json:"Execution Time"`
		}
		if err := json.Unmarshal(text, &plans); err != nil {
			return c, err
		}
		c = cost{plans[0].Plan.Hit + plans[0].Plan.Read, plans[0].Time}
	}
	return c, nil
}
