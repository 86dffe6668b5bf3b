// Command kafka measures the cost of one reading of all offsets and one scrape on a large
// Kafka, for lostorder and for the broker, beside other exporters. It is a benchmark and not
// a test: it never fails on a slow machine.
//
//	test/parts/run --parts=kafka go run ./test/bench/kafka
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// idleFor is how long the idle load of the broker is measured.
const idleFor = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var size size
	flag.IntVar(&size.Topics, "topics", 200, "topics")
	flag.IntVar(&size.Partitions, "partitions", 50, "partitions of each topic")
	flag.IntVar(&size.Groups, "groups", 200, "consumer groups")
	flag.IntVar(&size.Commits, "commits", 500, "partitions on which each group has committed")
	flag.IntVar(&size.Records, "records", 4, "records in each partition")
	rounds := flag.Int("rounds", 10, "readings and scrapes to measure")
	interval := flag.Duration("interval", 5*time.Second, "from one reading to the next")
	asJSON := flag.Bool("json", false, "print JSON")
	keep := flag.Bool("keep", false, "leave the topics and groups behind, for the next run to find")
	profiles := flag.String("profiles", "", "folder for lostorder's CPU and heap profiles; none when empty")
	flag.Parse()
	addr := os.Getenv("KAFKA_ADDR")
	if addr == "" {
		return errors.New("KAFKA_ADDR is not set; run it with: test/parts/run --parts=kafka go run ./test/bench/kafka")
	}
	peers, err := peersOf(os.Getenv("PEERS"))
	if err != nil {
		return err
	}

	grid, err := openGrid(addr, size)
	if err != nil {
		return err
	}
	defer grid.close()
	if !*keep {
		defer grid.remove()
	}
	if err := grid.build(ctx); err != nil {
		return err
	}

	b := bench{addr: addr, rounds: *rounds, interval: *interval, profiles: *profiles}
	b.broker = listener(addr)
	idle := b.broker.idle(ctx, idleFor)
	result := Result{Grid: size, Machine: thisMachine()}
	lag, partitions := grid.lag()
	ours, err := b.measureOurs(ctx, lag, partitions)
	if err != nil {
		return fmt.Errorf("lostorder: %w", err)
	}
	result.Rows = append(result.Rows, *ours)
	for _, p := range peers {
		row, err := b.measurePeer(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		result.Rows = append(result.Rows, *row)
	}
	// After the grid was created, the broker is busy for a while.
	idle = min(idle, b.broker.idle(ctx, idleFor))
	for i := range result.Rows {
		result.Rows[i].billBroker(b.broker, idle)
	}
	result.conclude()
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(result)
	}
	return result.print(os.Stdout)
}
