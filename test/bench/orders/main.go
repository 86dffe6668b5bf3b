// Command orders measures what watching an order table costs a real PostgreSQL: one
// poll of ten million orders beside the usual GROUP BY, the throughput of a shop on that
// table with and without a watcher, and the connections of many lifecycles on one server and of many
// SQS queues.
//
//	make bench-orders
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rows := flag.Int("rows", 10_000_000, "how many orders the table has")
	polls := flag.Int("polls", 50, "how many polls are measured")
	pairs := flag.Int("pairs", 40, "how many pairs of slices of throughput, one watched and one not; 0: none")
	length := flag.Duration("slice", 2*time.Second, "how long each slice is, in whole seconds")
	lifecycles := flag.Duration("lifecycles", time.Minute, "how long 1, 50 and 300 lifecycles are watched, and half of how long 300 SQS queues are; 0: not at all")
	flag.Parse()
	if err := run(ctx, *rows, *polls, *pairs, *length, *lifecycles); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rows, polls, pairs int, length, lifecycles time.Duration) error {
	address := os.Getenv("POSTGRES_URL")
	if address == "" {
		return errors.New("POSTGRES_URL is not set: make bench-orders starts a PostgreSQL of its own")
	}
	server, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	name := fmt.Sprintf("lostorder_bench_%d", os.Getpid())
	if _, err := server.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	defer func() { _, _ = server.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)") }()
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	u.Path = "/" + name
	b, err := open(u.String())
	if err != nil {
		return err
	}
	defer func() { _ = b.db.Close() }()

	began := time.Now()
	if err := b.createWatcher(ctx); err != nil {
		return err
	}
	if err := b.fill(ctx, rows); err != nil {
		return err
	}
	fmt.Printf("%d orders made in %s\n\n", rows, time.Since(began).Round(time.Second))
	err = b.compare(ctx, polls)
	if pairs > 0 {
		err = errors.Join(err, b.throughput(ctx, pairs, length))
	}
	if lifecycles > 0 {
		err = errors.Join(err, b.lifecycles(ctx, lifecycles), queues(ctx, 2*lifecycles))
	}
	return err
}

// median returns the median of some numbers.
func median[T ~int64 | ~float64](all []T) T { return quantile(all, 0.5) }

func quantile[T ~int64 | ~float64](all []T, q float64) T {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return sorted[int(q*float64(len(sorted)))]
}
