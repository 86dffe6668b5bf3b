package rabbitmq

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// deadLettering is a dead letter queue as the queues that dead-letter to it define it.
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

// deadLetters reports the queues to which others give up their messages.
func (r *reader) deadLetters(queues []signal.Queue, now signal.Instant) []signal.DeadLetterQueue {
	var list []signal.DeadLetterQueue
	for i, k := range r.sorted {
		e := r.deadLetterings[k.key]
		if e == nil {
			continue
		}
		q := &queues[i]
		d := signal.DeadLetterQueue{
			System: signal.RabbitMQ, Cluster: r.config.Name, Destination: q.Destination, Sources: e.sources,
			Messages: q.Ready.Add(q.InFlight), Oldest: q.Oldest, Arrived: signal.Unknown, SourceRetention: e.retention,
			Sample: k.peek.orders, Reasons: k.peek.reasons,
		}
		if len(q.Partitions) == 1 {
			d.Arrived = k.arrivals.count(&q.Partitions[0], now)
		}
		if q.Setup != nil {
			d.Retention = q.Setup.Retention
		}
		list = append(list, d)
	}
	return list
}

// arrivals counts what comes to a queue as dead letters, which the broker does not:
// what was taken out and what is there. Both are told some seconds late and not at the
// same moment, so that while messages are taken out the sum is believed only when it has
// stayed for so long.
type arrivals struct {
	recent []standing
	sum    int64 // as it is believed
	total  signal.Count
}

// standing is how a queue stood at a moment.
type standing struct {
	at        signal.Instant
	processed int64
	sum       int64
}

// count takes in how the queue stands and returns how many have come, the first time
// all that are known of.
func (a *arrivals) count(p *signal.Partition, now signal.Instant) signal.Count {
	known := len(a.recent) > 0
	a.recent = append(a.recent, standing{now, p.Committed, p.End})
	// One from before the interval stays, so that there is something to compare with.
	for len(a.recent) > 2 && now.Sub(a.recent[1].at) > statisticsInterval {
		a.recent = a.recent[1:]
	}
	if !known {
		a.sum, a.total = p.End, signal.Count(p.End)
		return a.total
	}
	least, most, still := p.End, p.End, true
	for _, s := range a.recent {
		least, most, still = min(least, s.sum), max(most, s.sum), still && s.processed == p.Committed
	}
	if still {
		least, most = p.End, p.End // nothing was taken out, and what is there only comes late
	}
	switch {
	case least > a.sum:
		a.total += signal.Count(least - a.sum)
		a.sum = least
	case most < a.sum:
		a.sum = most // purged, expired, or counted anew
	}
	return a.total
}
