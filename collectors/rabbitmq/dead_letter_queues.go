package rabbitmq

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// deadLettering is what a dead letter queue inherits from the queues that dead-letter to it.
type deadLettering struct {
	sources   []string      // sorted
	retention time.Duration // the longest of the sources
}

// deadLetterings returns the dead letter queues.
func deadLetterings(setups map[key]setup) map[key]*deadLettering {
	all := map[key]*deadLettering{}
	for k, s := range setups {
		for _, to := range s.to {
			if to == k {
				continue // a queue that takes back its own messages is a delay, not a dead letter queue
			}
			d := all[to]
			if d == nil {
				d = &deadLettering{}
				all[to] = d
			}
			d.sources = append(d.sources, k.destination())
			d.retention = max(d.retention, s.signal.Retention)
		}
	}
	for _, d := range all {
		slices.Sort(d.sources)
	}
	return all
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
		d.Semantics, d.Sources, d.SourceRetention = &semantics, from.sources, from.retention
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
