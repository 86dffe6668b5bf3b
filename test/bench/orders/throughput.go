package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"
)

// mostLost is the largest acceptable loss of throughput of a watched database.
const mostLost = 0.02

// shop is the load of the shop: read one order, update another.
const shop = `\set id random(1, 10000000)
\set other random(1, 10000000)
SELECT state, amount FROM orders WHERE id = :id;
UPDATE orders SET updated_at = now() WHERE id = :other;
`

// watchedEvery is the poll interval during the measurement: a fifteenth of the default.
const (
	watchedEvery = time.Second
	byDefault    = 15 * time.Second
)

// slice is the work of the shop in one slice of time.
type slice struct {
	tps float64
	cpu float64 // of the server for each transaction; 0 where it is not known
}

// throughput runs the shop's load all the time and watches the table in every other slice,
// so that other load on the machine and the growth of the table affect both equally. It
// compares slices in pairs. Every other pair starts with the watched slice.
func (b *bench) throughput(ctx context.Context, pairs int, length time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seconds, wait, err := b.play(ctx)
	if err != nil {
		return err
	}
	defer wait()
	defer cancel()
	for range 5 { // warms up
		<-seconds
	}
	var lost, dearer, polls []float64
	for i := range pairs {
		var pair [2]slice
		for _, turn := range [][]int{{0, 1}, {1, 0}}[i%2] {
			if pair[turn], err = b.turn(ctx, seconds, max(1, int(length.Seconds())), turn == 1, &polls); err != nil {
				return err
			}
		}
		lost = append(lost, 1-pair[1].tps/pair[0].tps)
		if pair[0].cpu > 0 {
			dearer = append(dearer, pair[1].cpu/pair[0].cpu-1)
		}
		fmt.Fprintf(os.Stderr, "pair %d of %d: %.0f tps alone, %.0f watched\n", i+1, pairs, pair[0].tps, pair[1].tps)
	}
	fmt.Printf("A shop (pgbench, 4 clients) watched every %s, %d pairs of slices of %s, in turn:\n\n", watchedEvery, pairs, length)
	fmt.Println("| | mean | at most (95 %) |")
	fmt.Println("|---|---|---|")
	mean, error95 := spread(lost)
	fmt.Printf("| transactions per second lost | %.2f %% ± %.2f | %.2f %% |\n", 100*mean, 100*error95, 100*(mean+error95))
	if mean-error95 > mostLost {
		err = errors.New("a watched database may lose 2 % of its throughput")
	}
	if len(dearer) > 0 {
		mean, error95 = spread(dearer)
		fmt.Printf("| more CPU of the server for a transaction | %.2f %% ± %.2f | %.2f %% |\n", 100*mean, 100*error95, 100*(mean+error95))
	}
	if len(polls) > 0 {
		each, _ := spread(polls) // CPU seconds
		share := func(interval time.Duration) float64 { return each / interval.Seconds() / float64(runtime.NumCPU()) }
		fmt.Printf("\nA poll takes %.2f ms of the server's CPU: %.3f %% of its %d cores at an interval of %s, %.3f %% at the default of %s.\n",
			1000*each, 100*share(watchedEvery), runtime.NumCPU(), watchedEvery, 100*share(byDefault), byDefault)
		if share(watchedEvery) > mostLost {
			err = errors.New("polls may take 2 % of the server's CPU")
		}
	}
	return err
}

// spread returns the mean of some numbers and its 95 % confidence interval.
func spread(all []float64) (mean, error95 float64) {
	for _, x := range all {
		mean += x / float64(len(all))
	}
	var squares float64
	for _, x := range all {
		squares += (x - mean) * (x - mean)
	}
	return mean, 1.96 * math.Sqrt(squares/float64(max(1, len(all)-1))/float64(len(all)))
}

// turn waits some seconds, after one in which the watcher starts or stops.
func (b *bench) turn(ctx context.Context, seconds <-chan float64, n int, watched bool, polls *[]float64) (s slice, err error) {
	if watched {
		got, stop, err := b.watch(ctx, watchedEvery)
		if err != nil {
			return s, err
		}
		defer stop()
		if r := <-got; r.Err != nil {
			return s, r.Err
		}
	}
	select { // one that waited for us is of the slice before
	case <-seconds:
	default:
	}
	if _, ok := <-seconds; !ok {
		return s, errors.New("pgbench ended early")
	}
	before, err := b.cpu(ctx)
	if err != nil {
		return s, err
	}
	for range n {
		tps, ok := <-seconds
		if !ok {
			return s, errors.New("pgbench ended early")
		}
		s.tps += tps / float64(n)
	}
	after, err := b.cpu(ctx)
	if err != nil {
		return s, err
	}
	for pid, u := range after {
		ran := (u.ran - before[pid].ran).Seconds()
		s.cpu += ran / (s.tps * float64(n))
		if u.watches && ran > 0 {
			*polls = append(*polls, ran/(float64(n)/watchedEvery.Seconds()))
		}
	}
	return s, nil
}

// used is the CPU time of one server process so far.
type used struct {
	ran     time.Duration
	watches bool // for us
}

// cpu returns the CPU time of each server process, or nothing if they run on another
// machine.
func (b *bench) cpu(ctx context.Context) (map[int]used, error) {
	rows, err := b.db.QueryContext(ctx, "SELECT pid, coalesce(usename = $1, false) FROM pg_stat_activity WHERE pid <> pg_backend_pid()", b.watcher())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := map[int]used{}
	for rows.Next() {
		var pid int
		var u used
		if err := rows.Scan(&pid, &u.watches); err != nil {
			return nil, err
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
		if err != nil {
			continue
		}
		var nanoseconds int64
		if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
			return nil, fmt.Errorf("read CPU time of process %d: %w", pid, err)
		}
		u.ran = time.Duration(nanoseconds)
		all[pid] = u
	}
	return all, rows.Err()
}

var progress = regexp.MustCompile(`progress: [0-9.]+ s, ([0-9.]+) tps`)

// play runs the shop's load with pgbench and reports the transactions of each second until
// ctx ends.
func (b *bench) play(ctx context.Context) (seconds <-chan float64, wait func(), err error) {
	pgbench, err := findPgbench()
	if err != nil {
		return nil, nil, err
	}
	script := filepath.Join(os.TempDir(), fmt.Sprintf("lostorder-bench-%d.sql", os.Getpid()))
	if err := os.WriteFile(script, []byte(shop), 0o600); err != nil {
		return nil, nil, err
	}
	command := exec.CommandContext(ctx, pgbench, "-n", "-c", "4", "-j", "1", "-T", "86400", "-P", "1", "-f", script, b.url)
	out, err := command.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, fmt.Errorf("pgbench: %w", err)
	}
	each := make(chan float64)
	go tell(ctx, out, each)
	return each, func() { _ = command.Wait(); _ = os.Remove(script) }, nil
}

// forward parses pgbench's progress lines and passes the other lines on.
func tell(ctx context.Context, out io.Reader, each chan<- float64) {
	defer close(each)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		found := progress.FindStringSubmatch(lines.Text())
		if found == nil {
			fmt.Fprintln(os.Stderr, lines.Text())
			continue
		}
		tps, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			continue
		}
		select {
		case each <- tps:
		case <-ctx.Done():
		}
	}
}

// findPgbench also searches Debian's folder, which is not in the PATH.
func findPgbench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		return "", errors.New("there is no pgbench; install postgresql, or use --pairs=0")
	}
	return found[len(found)-1], nil
}
