package watch_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
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

// TestAScrapeDoesNotWaitWhileManyFindingsHeal: ten thousand findings close at once, each of
// which takes its time to announce.
func TestAScrapeDoesNotWaitWhileManyFindingsHeal(t *testing.T) {
	const many = 10_000
	var closed atomic.Int64
	w, last := healing(t, many, func(c detect.Change) {
		if c.Kind == detect.Closed && closed.Add(1)%20 == 0 {
			time.Sleep(time.Millisecond) // as long as twenty lines of the log take
		}
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Report(last)
	}()
	var longest time.Duration
	for announcing := false; ; {
		began := time.Now()
		open := len(w.Snapshot().Open)
		longest = max(longest, time.Since(began))
		announcing = announcing || open == 0 && closed.Load() < many
		select {
		case <-done:
			if closed.Load() < many || len(w.Snapshot().Open) > 0 {
				t.Fatalf("%d findings closed, %d are open", closed.Load(), len(w.Snapshot().Open))
			}
			if !announcing {
				t.Error("nothing could be read while the changes were announced")
			}
			// Ten times what it takes on an idle machine; it was 700 ms without announcing.
			if longest > 300*time.Millisecond {
				t.Errorf("a snapshot took %s", longest)
			}
			t.Logf("a snapshot took %s at most", longest)
			return
		default:
			time.Sleep(time.Millisecond)
		}
	}
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
