// Command reconcile measures the comparison of two large tables: orders in PostgreSQL and
// payments in MariaDB. A hundred rows differ.
//
//	test/parts/run --parts=postgres,mariadb go run ./test/bench/reconcile
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	readings "github.com/lostorder/lostorder/internal/signal"
)

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
	rows := flag.Int("rows", 10_000_000, "rows of each table")
	steady := flag.Int("cycles", 6, "cycles to measure when nothing changes")
	flag.Parse()
	s, err := openStores(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	began := time.Now()
	if err := s.fill(ctx, *rows); err != nil {
		return err
	}
	fmt.Printf("%d orders in PostgreSQL and as many payments in MariaDB, made in %s\n", *rows, time.Since(began).Round(time.Second))
	want, err := s.plant(ctx, *rows)
	if err != nil {
		return err
	}
	if err := s.all(ctx, *rows, want); err != nil {
		return err
	}
	return s.idle(ctx, *steady)
}

// all measures a pass over all rows without a rate limit.
func (s *stores) all(ctx context.Context, rows int, want map[readings.MismatchKind][]string) error {
	w, err := s.watch(ctx, "rows_per_second: 10000000", "interval: 1s", "timeout: 60s", "grace: 5s", "sample: 1000")
	if err != nil {
		return err
	}
	defer w.stop()
	before, err := s.busy(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	first, err := w.until(ctx, func(r *readings.Reconciliation) bool { return r.Pass.Completed >= 1 })
	if err != nil {
		return err
	}
	took := time.Since(began)
	after, err := s.busy(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("first round: %s, %s of PostgreSQL and %s of MariaDB\n", took.Round(100*time.Millisecond), (after[0] - before[0]).Round(time.Second/10), (after[1] - before[1]).Round(time.Second/10))
	share := 100 * float64(first.Listed) / float64(2*rows)
	fmt.Printf("rows carried over one by one: %d of %d, %.3f %%\n", first.Listed, 2*rows, share)
	fmt.Printf("memory: heap %d MB at the beginning of the round, %d MB at most\n", w.heap.first>>20, w.heap.most>>20)
	found, err := w.until(ctx, func(r *readings.Reconciliation) bool { return r.Suspects == 0 })
	if err != nil {
		return err
	}
	fmt.Println("| planted | orders | found |")
	fmt.Println("|---|---|---|")
	wrong := false
	for _, kind := range []readings.MismatchKind{readings.MissingRight, readings.MissingLeft, readings.Duplicate, readings.Different} {
		m, _ := found.OfKind(kind)
		got := make([]string, len(m.Sample))
		for i, o := range m.Sample {
			got[i] = o.ID
		}
		slices.Sort(got)
		slices.Sort(want[kind])
		exact := "exactly these"
		if !slices.Equal(got, want[kind]) || int(m.Count) != len(got) {
			exact, wrong = fmt.Sprintf("%d others", m.Count), true
		}
		fmt.Printf("| %s | %d | %s |\n", kind, len(want[kind]), exact)
	}
	switch {
	case wrong:
		return fmt.Errorf("the findings are not the planted differences")
	case share > 1:
		return fmt.Errorf("%.2f %% of the rows were transferred; the limit is 1 %%", share)
	}
	return nil
}

// idle measures cycles with the defaults and without changes: new rows are queried, suspects
// are looked up again, and the pass advances.
func (s *stores) idle(ctx context.Context, cycles int) error {
	w, err := s.watch(ctx)
	if err != nil {
		return err
	}
	defer w.stop()
	// The first reading reads the latest rows and is not a steady state.
	if _, err := w.until(ctx, func(*readings.Reconciliation) bool { return true }); err != nil {
		return err
	}
	before, err := s.busy(ctx)
	if err != nil {
		return err
	}
	was := w.reading()
	if _, err := w.cycles(ctx, cycles); err != nil {
		return err
	}
	after, err := s.busy(ctx)
	if err != nil {
		return err
	}
	now := w.reading()
	each := time.Duration(cycles)
	postgres, mariadb := (after[0]-before[0])/each, (after[1]-before[1])/each
	fmt.Printf("a cycle with nothing new, every 15 s, mean of %d: %s of PostgreSQL and %s of MariaDB, in which the round went on by %d rows\n",
		cycles, postgres.Round(time.Millisecond), mariadb.Round(time.Millisecond), int64(now.Compared-was.Compared)/int64(cycles))
	if total := postgres + mariadb; total > time.Second {
		return fmt.Errorf("a cycle takes %s in the databases; the limit is 1 s", total)
	}
	return nil
}
