package sqs

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fill writes the report.
func (r *reading) fill(report *signal.Report) {
	r.decidePurposes()
	for _, q := range r.all() {
		if !r.watched(q) {
			continue
		}
		report.Queues = append(report.Queues, r.queueOf(q))
		if what := q.setting.unreadable; what != "" {
			report.Warnings = append(report.Warnings, fmt.Sprintf("the %s of queue %s is not JSON", what, q.name))
		}
	}
	report.DeadLetters = r.deadLetterReports()
	report.Warnings = append(report.Warnings, r.warnings()...)
}

// queueOf reports one queue.
func (r *reading) queueOf(q *queue) signal.Queue {
	s := signal.NewQueue(signal.QueueID{System: signal.SQS, Cluster: r.config.Name, Destination: q.name})
	s.Semantics, s.Purpose = &semantics, q.purpose
	s.Delay = q.setting.delay
	s.Objective = r.config.objective(q.name)
	s.Ready, s.InFlight, s.Delayed = q.depth.ready, q.depth.inFlight, q.depth.delayed
	s.Oldest = due(r.oldest(q), s.Delay, r.now)
	s.Consumers = r.consumers(q)
	s.Setup = r.setup(q)
	if r.counted() {
		s.Unexplained = r.unexplained(q)
		s.GroupHeldSince = r.groupHeld(q)
	}
	if r.config.CloudWatch.Enabled {
		s.Published = q.meter.series[sent].count()
		s.Received = q.meter.series[received].count()
		s.Acknowledged = q.meter.series[deleted].count()
		s.CounterDelay = time.Duration(r.config.CloudWatch.Interval + r.config.CloudWatch.Delay)
	}
	s.Partitions = r.progress(q)
	return s
}

// due returns since when a message waits that could not be received for a while. CloudWatch
// measures its age from when it was sent.
func due(age signal.Age, delay time.Duration, now time.Time) signal.Age {
	if age.Known() && age.Bound != signal.Estimated {
		age.Since = min(age.Since.Add(delay), signal.InstantOf(now))
	}
	return age
}

// setup returns the setup of a queue.
func (r *reader) setup(q *queue) *signal.Setup {
	setup := &signal.Setup{
		Type: "standard", Retention: q.setting.retention,
		MaxMessages: signal.Unknown, MaxBytes: signal.Unknown, MaxDeliveries: q.setting.maxReceives,
		DeadLettering: r.deadLetter(q),
	}
	if q.fifo() {
		setup.Type = "fifo"
	}
	return setup
}

// warnings returns what the operator should fix.
func (r *reader) warnings() []string {
	if len(r.chosen()) == 0 {
		return []string{"the config selects no queue in region " + r.config.Region}
	}
	if r.config.Queues.names() != nil {
		return nil // each was read by name, and a missing one is an error
	}
	return r.lost.Warnings("queues.include", "queue")
}
