package rabbitmq

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// deadLettering is what a dead letter queue inherits from the queues that dead-letter to it.
type deadLettering struct {
	purpose   signal.Purpose
	sources   []string      // sorted
	retention time.Duration // the longest of the sources
}

// deadLetters returns the signals of the dead letter queues.
func (r *reader) deadLetters(queues []signal.Queue, now signal.Instant) []signal.DeadLetterQueue {
	var list []signal.DeadLetterQueue
	for i, q := range r.sorted {
		from := r.deadLetterings[q.key]
		if from == nil {
			continue
		}
		s := &queues[i]
		d := signal.NewDeadLetterQueue(signal.RabbitMQ, r.config.Name, s.Destination)
		d.Semantics, d.Purpose, d.Sources, d.SourceRetention = &semantics, from.purpose, from.sources, from.retention
		d.Objective = s.Objective
		d.Messages, d.Oldest = s.Ready.Add(s.InFlight), s.Oldest
		d.Sample, d.Reasons = q.sample.orders, q.sample.reasons
		if len(s.Partitions) == 1 {
			d.Arrived = q.arrivals.count(&s.Partitions[0], now)
		}
		if s.Setup != nil {
			d.Retention = s.Setup.Retention
		}
		list = append(list, d)
	}
	return list
}
