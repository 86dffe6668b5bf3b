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
		before := q.reported
		q.reported = r.watched(q)
		switch {
		case q.reported:
			report.Queues = append(report.Queues, r.queueOf(q))
		case before && !q.gone && q.listed && !r.config.tagged(q):
			// The config no longer selects it. Its last report is without messages, so that
			// it is not taken for one that was deleted with them.
			report.Queues = append(report.Queues, signal.NewQueue(signal.QueueID{System: signal.SQS, Cluster: r.config.Name, Destination: q.name}))
			continue
		default:
			continue
		}
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
func (r *reader) warnings() (list []string) {
	if len(r.chosen()) == 0 {
		return []string{"the config selects no queue in region " + r.config.Region}
	}
	if r.config.Queues.names() != nil {
		// Each was read by name, and one that was missing from the beginning is an error.
		for _, q := range r.all() {
			if q.gone && q.listed && !q.at.IsZero() {
				list = append(list, "queue "+q.name+" was deleted; remove it from queues.include")
			}
		}
		return list
	}
	return r.lost.Warnings("queues.include", "queue")
}
