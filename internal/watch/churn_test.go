package watch_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// TestQueuesThatComeAndGoLeaveNothingBehind: ten thousand queues without consumers, and as many
// dead letter queues, open findings and are deleted.
func TestQueuesThatComeAndGoLeaveNothingBehind(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	w := watch.New(func() time.Time { return now }, slog.New(slog.DiscardHandler), nil)
	id := signal.TargetID{Collector: "kafka", Target: "main"}
	opened := false
	collectortest.LeavesNothingBehind(t, func(round int) {
		for range 8 { // until what is gone no longer matters
			now = now.Add(time.Hour)
			r := signal.Report{TargetID: id, At: now, Interval: time.Hour}
			for i := range collectortest.ChurnPerRound {
				name := fmt.Sprintf("reply-%d", round*collectortest.ChurnPerRound+i)
				q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: name, Group: "group-" + name})
				q.Objective = signal.Objective{MaxAge: time.Minute, AbsentAfter: time.Minute}
				q.Consumers, q.Ready, q.Partitions = 0, 5, []signal.Partition{{Assignment: signal.Unassigned, Committed: 5, End: 10}}
				r.Queues = append(r.Queues, q)
				d := signal.NewDeadLetterQueue(signal.Kafka, "main", name+".dlq")
				d.Messages = 5
				r.DeadLetters = append(r.DeadLetters, d)
			}
			w.Report(r)
		}
		opened = opened || len(w.Snapshot().Open) > 0
	})
	if !opened {
		t.Error("no finding was open at any time")
	}
}
