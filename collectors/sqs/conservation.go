package sqs

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// depthAt is how many messages a reading found in a queue.
type depthAt struct {
	at  time.Time
	sum signal.Count
}

// remember keeps the depths of the readings since before the latest period that CloudWatch
// may still complete.
func (q *queue) remember(at time.Time, most time.Duration) {
	q.depths = append(q.depths, depthAt{at, q.depth.sum()})
	for len(q.depths) > 0 && at.Sub(q.depths[0].at) > most {
		q.depths = q.depths[1:]
	}
}

// keepsDepths is how long depths are kept.
func (c *Config) keepsDepths() time.Duration { return c.blind() + 2*c.period() + time.Minute }

// unexplained returns the messages that were sent, not deleted, and are not in the queue: as of
// the end of the last period that CloudWatch has completed, for the counts of sent and deleted
// messages come late. Call it while the counters are current. The depth at that moment lies between those of the readings around it;
// SQS needs up to a minute to count it.
func (r *reading) unexplained(q *queue) signal.Unexplained {
	in, out := &q.meter.series[sent], &q.meter.series[deleted]
	if in.asked.IsZero() || !in.asked.Equal(out.asked) {
		return signal.Unexplained{}
	}
	end := in.asked.Add(-time.Duration(r.config.CloudWatch.Delay)).Truncate(r.config.period())
	if !end.After(q.meter.since) {
		return signal.Unexplained{}
	}
	arrived, _ := in.between(end, in.asked)
	left, _ := out.between(end, in.asked)
	moved := int64(in.total-arrived) - int64(out.total-left)
	around := time.Duration(r.config.Interval) + time.Duration(r.config.Interval)/2
	u := signal.Unexplained{Since: signal.InstantOf(q.meter.since), At: signal.InstantOf(end)}
	for _, d := range q.depths {
		if d.at.Before(end.Add(-around)) || d.at.After(end.Add(around)) {
			continue
		}
		missing := moved - int64(d.sum)
		if !u.Known {
			u.Least, u.Most, u.Known = missing, missing, true
		}
		u.Least, u.Most = min(u.Least, missing), max(u.Most, missing)
	}
	return u
}

// counted reports whether the counters are current: CloudWatch answered when it was last due.
// Counters that are older say nothing about what consumers do now.
func (r *reading) counted() bool {
	return r.config.CloudWatch.Enabled && !r.metrics.read.IsZero() && !r.metrics.read.Before(r.metrics.asked)
}
