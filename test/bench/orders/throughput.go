package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// mostLost is how much of its throughput a watched database may lose.
const mostLost = 0.02

// shop is what the shop does all the time: it looks an order up and moves another.
const shop = `\set id random(1, 10000000)
\set other random(1, 10000000)
SELECT state, amount FROM orders WHERE id = :id;
UPDATE orders SET updated_at = now() WHERE id = :other;
`

// watchedEvery is how often the table is polled meanwhile: fifteen times as often as
// by default.
const watchedEvery = time.Second

// throughput compares windows in which the table is watched with those in which it
// is not, in turn, so that what else the machine does falls on both.
func (b *bench) throughput(ctx context.Context, windows int, window time.Duration) error {
	pgbench, err := findPgbench()
	if err != nil {
		return err
	}
	script, err := os.CreateTemp("", "lostorder-bench-*.sql")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(script.Name()) }()
	if _, err := script.WriteString(shop); err != nil {
		return err
	}
	if err := script.Close(); err != nil {
		return err
	}
	if _, err := b.play(ctx, pgbench, script.Name(), window); err != nil { // warms up
		return err
	}
	var alone, watched, lost []float64
	for i := range windows {
		pair := [2]float64{}
		for _, turn := range [][]int{{0, 1}, {1, 0}}[i%2] {
			tps, err := b.turn(ctx, pgbench, script.Name(), window, turn == 1)
			if err != nil {
				return err
			}
			pair[turn] = tps
		}
		alone, watched = append(alone, pair[0]), append(watched, pair[1])
		lost = append(lost, 1-pair[1]/pair[0])
		fmt.Fprintf(os.Stderr, "window %d of %d: %.0f alone, %.0f watched\n", i+1, windows, pair[0], pair[1])
	}
	fmt.Println("| | transactions per second, median |")
	fmt.Println("|---|---|")
	fmt.Printf("| pgbench alone | %.0f |\n| polled every second | %.0f |\n\n", median(alone), median(watched))
	mean, twice := spread(lost)
	fmt.Printf("Lost, over %d pairs of %s: %.1f %% ± %.1f (two standard errors)\n", windows, window, 100*mean, 100*twice)
	// A machine that others use, too, tells only what is larger than its noise.
	if mean-twice > mostLost {
		return errors.New("a watched database may lose 2 % of its throughput")
	}
	return nil
}

// spread is the mean of some numbers, and two standard errors of it.
func spread(all []float64) (mean, twice float64) {
	for _, x := range all {
		mean += x / float64(len(all))
	}
	var squares float64
	for _, x := range all {
		squares += (x - mean) * (x - mean)
	}
	return mean, 2 * math.Sqrt(squares/float64(max(1, len(all)-1))/float64(len(all)))
}

func (b *bench) turn(ctx context.Context, pgbench, script string, window time.Duration, watched bool) (float64, error) {
	if !watched {
		return b.play(ctx, pgbench, script, window)
	}
	got, stop, err := b.watch(ctx, watchedEvery)
	if err != nil {
		return 0, err
	}
	defer stop()
	if r := <-got; r.Err != nil {
		return 0, r.Err
	}
	return b.play(ctx, pgbench, script, window)
}

var tpsLine = regexp.MustCompile(`tps = ([0-9.]+)`)

// play has pgbench play the shop for a while.
func (b *bench) play(ctx context.Context, pgbench, script string, window time.Duration) (float64, error) {
	seconds := strconv.Itoa(max(1, int(window.Seconds())))
	out, err := exec.CommandContext(ctx, pgbench, "-n", "-c", "4", "-j", "1", "-T", seconds, "-f", script, b.url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	found := tpsLine.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench says no tps: %s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// findPgbench looks where Debian puts it, too, which is not in the PATH.
func findPgbench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		return "", errors.New("there is no pgbench; install postgresql, or use --windows=0")
	}
	return found[len(found)-1], nil
}
