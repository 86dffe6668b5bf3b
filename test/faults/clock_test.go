//go:build integration

package faults_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// TestClockThatJumpsLosesAndInventsNoFinding reads two groups under a clock that is set forward and
// back: one group is dead, the other works.
func TestClockThatJumpsLosesAndInventsNoFinding(t *testing.T) {
	const every = 15 * time.Second
	for _, jump := range []struct {
		name string
		by   time.Duration
	}{
		{"the clock jumps ten seconds back", -10 * time.Second},
		{"the clock jumps an hour back", -time.Hour},
		{"the clock jumps an hour forward", time.Hour},
		{"the clock jumps a day forward", 24 * time.Hour},
	} {
		t.Run(jump.name, func(t *testing.T) {
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			w := watch.New(func() time.Time { return now }, slog.New(slog.DiscardHandler), nil)
			n := int64(0)
			read := func() {
				now = now.Add(every)
				n++
				w.Report(signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, Interval: every, At: now, Queues: []signal.Queue{
					group("dead", 0, signal.Partition{Assignment: signal.Unassigned, Committed: 5, End: 9}),
					group("works", 1, signal.Partition{Assignment: signal.Assigned, Committed: n, End: n + 2}),
				}})
			}
			open := func() []signal.Finding { return w.Snapshot().Open }
			for range 40 {
				read()
			}
			before := open()
			if len(before) != 1 || before[0].Mode != signal.ConsumerAbsent || before[0].Subject.Group != "dead" {
				t.Fatalf("before the jump these are open: %v", before)
			}
			jumped := n
			now = now.Add(jump.by)
			for range 80 {
				read()
				after := open()
				if len(after) != 1 || after[0].ID != before[0].ID {
					t.Fatalf("%d readings after the jump these are open: %v, want %v", n-jumped, after, before)
				}
			}
			if closed := w.Snapshot().Closed; len(closed) > 0 {
				t.Errorf("findings closed: %v", closed)
			}
			table.Lock()
			defer table.Unlock()
			table.rows = append(table.rows, row{system: "clock", fault: jump.name})
		})
	}
}

func group(name string, members signal.Count, p signal.Partition) signal.Queue {
	q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: name})
	q.Objective, q.Consumers, q.Partitions = signal.Objective{MaxAge: 5 * time.Minute, AbsentAfter: time.Minute}, members, []signal.Partition{p}
	q.Ready = signal.Count(p.End - p.Committed)
	return q
}
