package detect_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// BenchmarkObserve decides on a reading of 2,000 queues with 100,000 partitions, of
// which a hundredth have a backlog. Its limit is what reading them costs: a
// bare loop that asks a broker for as many takes 60 ms of CPU.
func BenchmarkObserve(b *testing.B) {
	readings := [2]signal.Report{grid(0), grid(1)}
	d := detect.New()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	i := 0
	for b.Loop() {
		at = at.Add(interval)
		r := readings[i%2]
		r.At = at
		d.Observe(&r)
		i++
	}
	b.ReportMetric(60e6/(float64(b.Elapsed())/float64(b.N)), "reading/observe")
}

// BenchmarkMemory measures what the detector remembers of each of 100,000 partitions.
func BenchmarkMemory(b *testing.B) {
	readings := [2]signal.Report{grid(0), grid(1)}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var held uint64
	for b.Loop() {
		before := heap()
		d := detect.New()
		for i := range 6 {
			r := readings[i%2]
			r.At = at.Add(time.Duration(i) * interval)
			d.Observe(&r)
		}
		held = heap() - before
		runtime.KeepAlive(d)
	}
	b.ReportMetric(float64(held)/100_000, "heap-B/partition")
}

// heap returns the bytes of live objects.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func grid(progress int64) signal.Report {
	r := signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, Interval: interval}
	for g := range 200 {
		for topic := range 10 {
			q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: fmt.Sprintf("topic-%d", g+topic), Group: fmt.Sprintf("group-%d", g)})
			q.Objective, q.Consumers = objective, 3
			for p := range int32(50) {
				part := part(0, 1000+progress, 1000+progress)
				part.ID = p
				if p%100 == 0 {
					part.End += 10
				}
				q.Partitions = append(q.Partitions, part)
			}
			r.Queues = append(r.Queues, q)
		}
	}
	return r
}
