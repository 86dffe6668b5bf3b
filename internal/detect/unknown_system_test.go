package detect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestUnknownSystemIsDecidedWithoutWordsOfAnother watches a queue of a source that
// declares no semantics.
func TestUnknownSystemIsDecidedWithoutWordsOfAnother(t *testing.T) {
	s := newScript(t)
	s.play(time.Hour, func(i int) signal.Report {
		q := signal.NewQueue(signal.QueueID{System: "nats", Cluster: "main", Destination: "orders"})
		q.Objective, q.Consumers, q.Ready, q.InFlight, q.Delayed = objective, 1, 10, 0, 0
		q.Published, q.Acknowledged, q.Received = signal.Count(100+9*i), signal.Count(90+i), signal.Count(90+20*i)
		setup := signal.NewSetup()
		setup.Retention, setup.MaxBytes, setup.DeadLettering.Route = time.Hour, 1000, signal.RouteNone
		q.Setup = &setup
		q.Partitions = []signal.Partition{signal.NewPartition(0)}
		q.Partitions[0].Committed, q.Partitions[0].End = int64(90+i), int64(100+i)
		return signal.Report{Queues: []signal.Queue{q}}
	})
	found := false
	for _, f := range s.opened {
		switch f.Mode {
		case signal.DLQMissing:
			found = true
		case signal.MessageLost, signal.RetryLoop:
			t.Errorf("%s needs semantics that the source does not declare: %v", f.Mode, f.Evidence)
		}
		for _, fact := range f.Evidence {
			if fact.Name == "removed_at_age" && fact.Value.Bound != signal.AgeUnknown {
				t.Errorf("%s: messages are removed at the age of %s, as of whole segments", f.Mode, fact.Value)
			}
			for _, word := range []string{"exchange", "redrive", "segment", "at the earliest"} {
				if strings.Contains(fact.Value.String(), word) {
					t.Errorf("%s: %s is %q, the word of another system", f.Mode, fact.Name, fact.Value)
				}
			}
		}
	}
	if !found {
		t.Errorf("the missing dead letter queue was not found: %v", s.opened)
	}
}
