package watch_test

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// deadLetters is a report of so many dead letter queues with messages in them, or without.
func deadLetters(n int, at time.Time, healed bool) signal.Report {
	r := signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, At: at, Interval: 15 * time.Second}
	for i := range n {
		d := signal.NewDeadLetterQueue(signal.Kafka, "main", fmt.Sprintf("orders-%d.dlq", i))
		if d.Messages = 5; healed {
			d.Messages = 0
		}
		r.DeadLetters = append(r.DeadLetters, d)
	}
	return r
}

// healing returns a watch in which n findings are open, and the report that closes them.
func healing(t testing.TB, n int, changed func(detect.Change)) (w *watch.Watch, last signal.Report) {
	t.Helper()
	now := time.Unix(1_700_000_000, 0)
	w = watch.New(func() time.Time { return now }, slog.New(slog.DiscardHandler), changed)
	w.Report(deadLetters(n, now, false))
	now = now.Add(15 * time.Second)
	if open := len(w.Snapshot().Open); open < n {
		t.Fatalf("%d findings are open, want %d", open, n)
	}
	w.Report(deadLetters(n, now, true))
	return w, deadLetters(n, now.Add(15*time.Second), true)
}

// TestAScrapeDoesNotWaitWhileManyFindingsHeal reads a snapshot while the first of ten
// thousand findings that close at once is announced.
func TestAScrapeDoesNotWaitWhileManyFindingsHeal(t *testing.T) {
	const many = 10_000
	closed := 0
	var w *watch.Watch
	var last signal.Report
	w, last = healing(t, many, func(c detect.Change) {
		if c.Kind != detect.Closed {
			return
		}
		if closed++; closed > 1 {
			return
		}
		read := make(chan int)
		go func() { read <- len(w.Snapshot().Open) }()
		select {
		case open := <-read:
			if open != 0 {
				t.Errorf("%d findings are open", open)
			}
		case <-time.After(30 * time.Second):
			t.Error("a snapshot waits until all changes are announced")
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	w.Report(last)
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if closed != many {
		t.Errorf("%d findings closed", closed)
	}
	// A copy of the history for each finding would be gigabytes.
	const most = 300 << 20
	allocated := after.TotalAlloc - before.TotalAlloc
	if allocated > most {
		t.Errorf("it takes %d MB", allocated>>20)
	}
	t.Logf("it took %s and %d MB", took.Round(time.Millisecond), allocated>>20)
}

// BenchmarkHealing closes all findings of one report at once.
func BenchmarkHealing(b *testing.B) {
	for _, n := range []int{10_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				w, last := healing(b, n, nil)
				b.StartTimer()
				w.Report(last)
			}
		})
	}
}
