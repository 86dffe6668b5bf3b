// Command state measures what the memory costs: writing it while every partition moves,
// and reading it at a start.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// cycles is how many readings are taken; each moves half of the partitions of every queue.
const cycles = 10

var target = signal.TargetID{Collector: "kafka", Target: "main"}

func main() {
	fmt.Println("| partitions of groups | CPU of a reading | with the memory | of a core, read every 15 s | on disk | heap | heap while it is written | restored in | a scrape waits at most |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, groups := range []int{2, 200} {
		if err := measure(groups); err != nil {
			fmt.Fprintln(os.Stderr, "bench-state:", err)
			os.Exit(1)
		}
	}
	if err := measureSuspects(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-state:", err)
		os.Exit(1)
	}
}

func measure(groups int) error {
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	needed, without := without(groups, log)

	dir, err := os.MkdirTemp("", "lostorder-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	keeper, _ := state.New(ctx, state.Options{Dir: dir, Log: log})
	w := watch.New(time.Now, log, nil)
	source := &weighed{Watch: w, heap: make(chan int64, 1)}
	w.Keep(keeper)
	w.Expect([]collectors.Target{{ID: target}})
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		keeper.Run(running, source)
	}()
	heap := inUse()
	scraped := scrape(running, w)
	with := play(groups, w, keeper)
	grown := inUse() - heap - needed
	source.next.Store(true)
	r := reading(groups, cycles+1)
	last := r.At
	w.Report(r)
	written := <-source.heap - heap - needed
	time.Sleep(2 * time.Second)
	runtime.KeepAlive(w)
	health := keeper.Health()
	stop()
	<-done
	waited := <-scraped
	if health.Err != nil {
		return health.Err
	}
	size := health.Bytes

	begin := time.Now()
	next, memory := state.New(ctx, state.Options{Dir: dir, Log: log})
	again := watch.New(time.Now, log, nil)
	again.Restore(*memory)
	restored := time.Since(begin)
	if len(memory.Targets) != 1 || memory.Targets[0].Detected == nil || !memory.Targets[0].At.Equal(last.UTC()) {
		return fmt.Errorf("the last reading of %v is not restored: %+v", last, memory.Targets)
	}
	ended, end := context.WithCancel(ctx)
	end()
	next.Run(ended, again)
	fmt.Printf("| %d | %.1f ms | %.1f ms | %.2f %% | %.1f MB | %.1f MB | %.1f MB | %d ms | %.1f ms |\n", groups*500,
		ms(without), ms(with), 100*(with-without).Seconds()/15, float64(size)/1e6, float64(grown)/1e6, float64(written)/1e6, restored.Milliseconds(), ms(waited))
	return nil
}

// weighed measures the heap while the next memory is on its way to the disk.
type weighed struct {
	*watch.Watch
	next atomic.Bool
	heap chan int64
}

// Remember returns what the Watch remembers.
func (w *weighed) Remember(all bool, each func(*detect.Memory)) (watch.Memory, func()) {
	m, announce := w.Watch.Remember(all, each)
	if w.next.CompareAndSwap(true, false) {
		w.heap <- inUse()
	}
	return m, announce
}

// without measures the same readings without a memory: the heap that stays in use, and the CPU
// time of each.
func without(groups int, log *slog.Logger) (heap int64, each time.Duration) {
	before := inUse()
	plain := watch.New(time.Now, log, nil)
	each = play(groups, plain, nil)
	heap = inUse() - before
	runtime.KeepAlive(plain)
	return heap, each
}

// scrape takes a snapshot every few milliseconds until ctx ends, and returns the longest time
// that one took.
func scrape(ctx context.Context, w *watch.Watch) <-chan time.Duration {
	longest := make(chan time.Duration, 1)
	go func() {
		var most time.Duration
		for ctx.Err() == nil {
			begin := time.Now()
			w.Snapshot()
			most = max(most, time.Since(begin))
			time.Sleep(5 * time.Millisecond)
		}
		longest <- most
	}()
	return longest
}

// play reports readings, one a second, and returns the CPU time of each.
func play(groups int, w *watch.Watch, keeper *state.Keeper) (each time.Duration) {
	var began time.Duration
	for i := range cycles + 1 {
		if i == 1 { // the first fills the memory
			began = cpu()
		}
		w.Report(reading(groups, i))
		if keeper != nil {
			time.Sleep(1200 * time.Millisecond)
		}
	}
	return (cpu() - began) / cycles
}

// reading is one of groups that read ten topics of fifty partitions each.
func reading(groups, i int) signal.Report {
	r := signal.Report{TargetID: target, Identity: "cluster-1", At: time.Now(), Interval: 15 * time.Second}
	for group := range groups {
		for topic := range 10 {
			q := signal.NewQueue(signal.QueueID{
				System: signal.Kafka, Cluster: "main", Destination: fmt.Sprintf("shop.orders.v1.topic-%03d", topic), Group: fmt.Sprintf("order-consumer-%03d", group),
			})
			q.Objective, q.Consumers = signal.Objective{MaxAge: 5 * time.Minute, AbsentAfter: 5 * time.Minute}, 3
			for id := range int32(50) {
				p := signal.NewPartition(id)
				moved := int64(i) * int64(id%2) * 17
				p.Start, p.Committed, p.Assignment = int64(id)*1000, 1_000_000+int64(id)*7919+moved, signal.Assigned
				p.End = p.Committed + int64(id%3)*100
				p.Head = signal.Age{Since: signal.InstantOf(r.At.Add(-time.Duration(id) * time.Second)), Bound: signal.Measured}
				q.Partitions = append(q.Partitions, p)
			}
			r.Queues = append(r.Queues, q)
		}
	}
	return r
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// inUse is the heap that is in use between two writes of the memory. The second collection frees
// what the first found to be unused; the median of several leaves out one that met a write.
func inUse() int64 {
	var all []int64
	for range 5 {
		time.Sleep(300 * time.Millisecond)
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		all = append(all, int64(m.HeapAlloc)) //nolint:gosec // far smaller
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }
