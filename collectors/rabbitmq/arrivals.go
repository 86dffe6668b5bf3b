package rabbitmq

import "github.com/lostorder/lostorder/internal/signal"

// arrivals counts the dead letters that arrive in a queue, which the broker does not count:
// the sum of processed messages and depth. Both are published some seconds late and at
// different moments, so while messages are processed the sum counts only after it has been
// stable for that long.
type arrivals struct {
	recent []observation
	sum    int64 // the last stable sum
	total  signal.Count
}

// observation is one reading of a queue.
type observation struct {
	at        signal.Instant
	processed int64
	sum       int64
}

// count adds a reading and returns how many dead letters have arrived. The first reading
// counts all messages in the queue.
func (a *arrivals) count(p *signal.Partition, now signal.Instant) signal.Count {
	known := len(a.recent) > 0
	a.recent = append(a.recent, observation{now, p.Committed, p.End})
	// One observation from before the interval stays for comparison.
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
		least, most = p.End, p.End // nothing was processed, so the depth alone decides
	}
	switch {
	case least > a.sum:
		a.total += signal.Count(least - a.sum)
		a.sum = least
	case most < a.sum:
		a.sum = most // purged, expired, or the counters were reset
	}
	return a.total
}
