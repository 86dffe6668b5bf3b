package telemetry_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

func since(d time.Duration) signal.Age {
	return signal.Age{Since: signal.InstantOf(noon.Add(-d)), Bound: signal.Measured}
}

// full is a snapshot in which every metric has a series.
func full() *watch.Snapshot {
	orders := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
	orders.Objective.MaxAge = time.Minute
	orders.Ready, orders.Uncommitted, orders.Consumers = 12, 3, 2
	orders.Published, orders.Acknowledged, orders.Redelivered = 1000, 988, 7
	orders.Oldest = since(90 * time.Second)
	orders.PerPartition = true
	orders.OpenTransactions = []signal.OpenTransaction{{Partition: 0, Start: 88, Messages: 12}}
	orders.Partitions = []signal.Partition{
		{ID: 0, Start: 0, End: 100, Committed: 88},
		{ID: 1, Start: 0, End: 3, Committed: signal.Unknown},
		{ID: 2, Start: signal.Unknown, End: signal.Unknown, Committed: 5},
	}
	jobs := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "shop", Destination: "jobs"})
	jobs.InFlight, jobs.Delayed = 1, 2
	jobs.Utilisation = 0.25
	jobs.Oldest = signal.Age{Since: signal.InstantOf(noon.Add(-time.Second)), Bound: signal.AtLeast}
	jobs.Setup = &signal.Setup{DeadLettering: signal.DeadLettering{Route: signal.RouteSet, To: "dead"}}
	return &watch.Snapshot{
		Version: 1,
		Ready:   true,
		Targets: []watch.Target{
			{
				ID: signal.TargetID{Collector: "kafka", Target: "main"}, Interval: 15 * time.Second, Up: true,
				Attempt: noon, Took: 250 * time.Millisecond, Success: noon,
				Reading: &signal.Report{
					At: noon, Queues: []signal.Queue{orders, jobs},
					DeadLetters: []signal.DeadLetterQueue{
						{
							System: signal.Kafka, Cluster: "main", Destination: "orders.dlq", Sources: []string{"orders"},
							Messages: 4, Oldest: since(time.Hour), Arrived: 9,
						},
						{
							System: signal.Kafka, Cluster: "main", Destination: "all.dlq", Sources: []string{"payments", "refunds", "payments"},
							Messages: 5, Arrived: signal.Unknown, Oldest: signal.Age{Since: signal.InstantOf(noon.Add(-time.Hour)), Bound: signal.AtLeast},
						},
						{System: signal.Kafka, Cluster: "main", Destination: "old.dlq", Messages: 0, Arrived: 0},
					},
					Alarms:   []signal.Alarm{{System: signal.RabbitMQ, Cluster: "shop", Node: "rabbit@a", Resource: "memory", Raised: true}, {System: signal.RabbitMQ, Cluster: "shop", Node: "rabbit@b", Resource: "disk"}},
					Losses:   []signal.BrokerLoss{{System: signal.RabbitMQ, Cluster: "shop", Node: "rabbit@a", Reason: "expired", Messages: 7}},
					Warnings: []string{"clock of broker 1 is ahead"},
				},
			},
			{
				ID: signal.TargetID{Collector: "orders", Target: "shop"}, Interval: 30 * time.Second, Up: true,
				Attempt: noon, Took: time.Second, Success: noon,
				Reading: &signal.Report{
					At: noon.Add(-10 * time.Second),
					Lifecycles: []signal.Lifecycle{{Name: "order", Database: "shop", States: []signal.State{
						{
							Name: "placed", Max: 5 * time.Minute, Orders: 30, Overdue: 2, Oldest: since(610 * time.Second),
							Dwells: &signal.DwellHistogram{Buckets: []signal.DwellBucket{{UpTo: time.Second, Orders: 4}, {UpTo: 5 * time.Minute, Orders: 28}}, Orders: 30},
						},
						{Name: "delivered", Terminal: true, Orders: signal.Unknown, Overdue: signal.Unknown},
					}, UndeclaredListed: true, UndeclaredStates: []string{"FRAUD_CHECK"}, Undeclared: []signal.State{{Name: "FRAUD_CHECK", Orders: 5, Overdue: signal.Unknown}}, History: &signal.History{
						Transitions: []signal.Transition{{From: "placed", To: "delivered", Orders: 7}},
						Outcomes:    signal.Outcomes{InTime: 5, Late: 1},
						EndedDwells: []signal.Dwell{{State: "placed", For: 42 * time.Second, TraceID: "0af7651916cd43dd8448eb211c80319c"}},
						Conflicts:   []signal.Conflict{{Kind: signal.TwoTerminalStates, Confirmed: true}, {Kind: signal.IllegalTransition}},
					}, Duplicates: &signal.Duplicates{Groups: []signal.DuplicateGroup{{Orders: make([]signal.OrderRef, 3)}}}}},
				},
			},
			{
				ID: signal.TargetID{Collector: "outbox", Target: "orders"}, Interval: 15 * time.Second, Up: true,
				Attempt: noon, Took: time.Second, Success: noon,
				Reading: &signal.Report{
					At:       noon,
					Outboxes: []signal.Outbox{{Name: "orders", Database: "shop", MaxAge: time.Minute, Pending: 6, Oldest: since(70 * time.Second), Failed: 1, Retried: 2, Published: 9, Skipped: &signal.Skipped{Rows: make([]signal.SkippedRow, 2)}}},
				},
			},
			{
				ID: signal.TargetID{Collector: "outbox", Target: "log"}, Interval: 15 * time.Second, Up: true,
				Attempt: noon, Took: time.Second, Success: noon,
				Reading: &signal.Report{
					At: noon,
					Outboxes: []signal.Outbox{{Name: "log", Database: "shop", MaxAge: time.Minute, Pending: signal.Unknown, Failed: signal.Unknown, Retried: signal.Unknown, LogReader: &signal.LogReader{
						Name: "debezium", Active: true, Written: 9000, Confirmed: 8000, Sent: signal.Unknown, Retained: 5000, Remaining: 70000, Inserted: 4, UnconfirmedSince: since(9 * time.Second),
					}}},
				},
			},
			{
				ID: signal.TargetID{Collector: "reconcile", Target: "payments"}, Interval: 15 * time.Second, Up: true,
				Attempt: noon, Took: time.Second, Success: noon,
				Reading: &signal.Report{
					At: noon,
					Reconciliations: []signal.Reconciliation{{
						Name: "payments", Left: signal.Store{Database: "shop", Table: "orders"}, Right: signal.Store{Database: "billing", Table: "payments"},
						Mismatches: []signal.Mismatches{{Kind: signal.MissingRight, Count: 2}, {Kind: signal.Duplicate}},
						Suspects:   5, Compared: 4000, Listed: 12, Pass: signal.Pass{Completed: 1, Rows: 500, Fraction: 0.25},
					}},
				},
			},
			{
				ID: signal.TargetID{Collector: "rabbitmq", Target: "shop"}, Interval: 15 * time.Second,
				Err: errors.New("connection refused"), Attempt: noon,
			},
		},
		Open: []signal.Finding{{
			ID: "f-1", Mode: signal.OutboxStalled, Severity: signal.Critical,
			DecidableAt: noon.Add(-20 * time.Second), DetectedAt: noon, TraceID: traceID, Unconfirmed: true, CausedBy: "f-0",
		}},
		Acknowledgements: []watch.Acknowledgement{{Findings: []detect.Acknowledged{
			{ID: "f-2", Mode: signal.OrderOverdue, Severity: signal.Critical, Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"}, Count: 4},
		}}},
		Expiries: []detect.Expiry{
			{QueueID: orders.QueueID, In: 90 * time.Minute},
			{QueueID: signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders.dlq"}, In: time.Hour},
			{QueueID: signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "gone"}, In: time.Hour},
		},
		Counters: detect.Counters{
			Findings: map[signal.Mode]int64{signal.OutboxStalled: 3, signal.MessageLost: 0, signal.DLQFilling: 0},
			Lost:     []detect.Loss{{QueueID: orders.QueueID, Reason: detect.Retention, Messages: 17}},
			Gaps:     1,
		},
	}
}

// large is a reading of groups of consumers, each on ten topics of fifty
// partitions: with 200 of them, a hundred thousand.
func large(groups int) *watch.Snapshot {
	r := &signal.Report{At: noon}
	for group := range groups {
		for topic := range 10 {
			q := signal.NewQueue(signal.QueueID{
				System: signal.Kafka, Cluster: "production-eu-west-1",
				Destination: fmt.Sprintf("shop.orders.v1.topic-%03d", (group+topic*20)%200), Group: fmt.Sprintf("order-consumer-%03d", group),
			})
			q.PerPartition = true
			q.Ready, q.Uncommitted, q.Consumers, q.Objective.MaxAge = 0, 0, 3, time.Minute
			for id := range int32(50) {
				lag := int64((group*7919 + topic*104729 + int(id)*1299709) % 5000)
				q.Partitions = append(q.Partitions, signal.Partition{ID: id, End: 1_000_000, Committed: 1_000_000 - lag})
				q.Ready += signal.Count(lag)
			}
			r.Queues = append(r.Queues, q)
		}
	}
	return &watch.Snapshot{Version: 1, Ready: true, Targets: []watch.Target{{
		ID: signal.TargetID{Collector: "kafka", Target: "main"}, Up: true, Attempt: noon, Success: noon, Reading: r,
	}}}
}

// exporter returns an exporter of what s points at, at noon.
func exporter(s **watch.Snapshot) *telemetry.Exporter {
	return telemetry.New(telemetry.Options{
		Snapshot: func() *watch.Snapshot { return *s },
		Now:      func() time.Time { return noon },
		Log:      slog.New(slog.DiscardHandler),
		Notifications: func() []notify.Health {
			return []notify.Health{{Webhook: "slack-1", Delivered: 7, Failures: map[string]int64{"timeout": 1}, Dropped: map[string]int64{"refused": 1}, Pending: 2, LastSuccess: noon}}
		},
		KafkaRequests: func() map[string]uint64 { return map[string]uint64{"OffsetFetch": 12, "Metadata": 3} },
		Ownership: func() *telemetry.Ownership {
			return &telemetry.Ownership{Member: "lostorder-a", Members: 3, Targets: []telemetry.OwnedTarget{
				{ID: signal.TargetID{Collector: "kafka", Target: "main"}, Owned: true}, {ID: signal.TargetID{Collector: "outbox", Target: "orders"}},
			}}
		},
		State: func() *state.Health {
			return &state.Health{LastWrite: noon, Failures: 2, Bytes: 4096, Dropped: map[watch.Reason]int64{watch.DroppedClock: 1}}
		},
	})
}

// readAll has the exporter take the report of each target.
func readAll(e *telemetry.Exporter, s *watch.Snapshot) {
	for i := range s.Targets {
		if r := s.Targets[i].Reading; r != nil {
			report := *r
			report.TargetID = s.Targets[i].ID
			e.Read(&report)
		}
	}
}

// clusters is a snapshot of so many clusters, with a hundred thousand partitions together.
func clusters(n int) *watch.Snapshot {
	s := &watch.Snapshot{Version: 1, Ready: true}
	for i := range n {
		one := large(200 / n).Targets[0]
		one.ID.Target = fmt.Sprintf("main-%02d", i)
		for j := range one.Reading.Queues {
			one.Reading.Queues[j].Cluster = one.ID.Target
		}
		s.Targets = append(s.Targets, one)
	}
	return s
}

// reported is the next snapshot, after some targets reported the same again.
func reported(s *watch.Snapshot, targets ...int) *watch.Snapshot {
	next := *s
	next.Version++
	next.Targets = slices.Clone(s.Targets)
	for _, i := range targets {
		if r := s.Targets[i].Reading; r != nil {
			again := *r
			next.Targets[i].Reading = &again
		}
	}
	return &next
}
