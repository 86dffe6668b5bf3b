package web_test

import (
	"errors"
	"net/http"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
)

var now = time.Date(2026, 3, 14, 3, 19, 0, 0, time.UTC)

func before(d time.Duration) time.Time { return now.Add(-d) }

// target is one that was just read whole.
func target(collector, name string) watch.Target {
	return watch.Target{
		ID: signal.TargetID{Collector: collector, Target: name}, Interval: 15 * time.Second, Up: true,
		Attempt: before(4 * time.Second), Took: 212 * time.Millisecond, Success: before(4 * time.Second),
		Reading: &signal.Report{At: before(4 * time.Second)},
	}
}

// calm is a snapshot of five healthy targets.
func calm() *watch.Snapshot {
	s := &watch.Snapshot{Version: 1, Ready: true, Targets: []watch.Target{
		target("kafka", "main"), target("orders", "shop"), target("outbox", "orders"), target("rabbitmq", "shop"), target("sqs", "eu"),
	}}
	s.Targets[0].Reading.Queues = make([]signal.Queue, 12)
	s.Targets[0].Reading.DeadLetters = make([]signal.DeadLetterQueue, 1)
	s.Targets[1].Reading.Lifecycles = make([]signal.Lifecycle, 2)
	s.Targets[2].Reading.Outboxes = make([]signal.Outbox, 2)
	s.Targets[2].Reading.Warnings = []string{"table orders_outbox: 3 rows have no created_at"}
	s.Counters.Findings = map[signal.Mode]int64{
		signal.OutboxStalled: 1, signal.ConsumerStalled: 1, signal.ConsumerAbsent: 0,
		signal.MessageLost: 1, signal.DLQFilling: 1, signal.OrderOverdue: 0,
	}
	return s
}

// red is calm with a target that cannot be read.
func red() *watch.Snapshot {
	s := calm()
	t := &s.Targets[3]
	t.Up, t.Reading, t.Success, t.Err = false, nil, before(40*time.Minute), errors.New("list queues: Get \"http://rabbitmq:15672/api/queues\": connection refused")
	return s
}

// troubled is red with findings.
func troubled() *watch.Snapshot {
	s := red()
	s.Targets[0].Err = errors.New("describe group billing: not coordinator")
	s.Open = []signal.Finding{
		{
			ID: "a1b2c3", Mode: signal.OutboxStalled, Severity: signal.Critical, Summary: "The relay has not published the oldest row of outbox for 38 minutes while 218 events wait.",
			Subject: signal.Subject{Database: "shop", Outbox: "orders"}, Target: signal.TargetID{Collector: "outbox", Target: "orders"},
			OrderIDs: []string{"100417", "100418", "100421", "100422", "100425"}, Count: 218,
			Since: before(38 * time.Minute), DetectedAt: before(36 * time.Minute),
			Evidence: signal.Evidence{signal.CountFact("pending", 218), signal.DurationFact("oldest_pending_age", 38*time.Minute+4*time.Second), signal.DurationFact("objective", time.Minute), signal.TextFact("head_row", "id 8812, unchanged for 37m50s")},
			TraceID:  "4bf92f3577b34da6a3ce929d0e0e4736",
		},
		{
			ID: "d4e5f6", Mode: signal.ConsumerStalled, Severity: signal.Critical,
			Subject: signal.Subject{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"}, Target: signal.TargetID{Collector: "kafka", Target: "main"},
			Count: 57, Since: before(12 * time.Minute), DetectedAt: before(10 * time.Minute),
			Evidence: signal.Evidence{signal.CountFact("partition", 3), signal.TextFact("committed_offset", "91822, unchanged for 12m"), signal.CountFact("members", 4)},
		},
		{
			ID: "778899", Mode: signal.DLQFilling, Severity: signal.Warning,
			Subject: signal.Subject{System: signal.Kafka, Cluster: "main", Destination: "orders.dlq"}, Target: signal.TargetID{Collector: "kafka", Target: "main"},
			Count: 2, Since: before(3 * time.Minute), DetectedAt: before(2 * time.Minute),
		},
	}
	s.Closed = []signal.Finding{{
		ID: "000001", Mode: signal.MessageLost, Severity: signal.Critical,
		Subject: signal.Subject{System: signal.Kafka, Cluster: "main", Destination: "payments", Group: "ledger"},
		Count:   3, Since: before(26 * time.Hour), DetectedAt: before(26 * time.Hour), ClosedAt: before(25 * time.Hour),
	}}
	return s
}

// handler serves a snapshot; change may set more options.
func handler(s *watch.Snapshot, change ...func(*web.Options)) http.Handler {
	o := web.Options{
		Snapshot: func() *watch.Snapshot { return s },
		Metrics:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("metrics\n")) }),
		Now:      func() time.Time { return now },
		Version:  "1.2.3",
	}
	for _, c := range change {
		c(&o)
	}
	return web.New(o)
}
