package sqs

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// meter holds the CloudWatch metrics of one queue.
type meter struct {
	since  time.Time // the start of its counters
	series [kinds]series
}

func (m *meter) begin(at time.Time) {
	if m.since.IsZero() {
		m.since = at
	}
}

// series is one metric: its value in each period, and their sum since the start.
type series struct {
	values map[time.Time]float64
	latest time.Time
	total  float64
	asked  time.Time // the last read from CloudWatch
}

// put stores the value of a period. If CloudWatch completed a period late and its value
// grew, the sum grows by the difference.
func (s *series) put(at time.Time, value float64, since time.Time) {
	if !(value >= 0 && value <= largestCount) { // not a number is neither
		return
	}
	if s.values == nil {
		s.values = map[time.Time]float64{}
	}
	at = at.UTC()
	if grown := value - s.values[at]; grown > 0 && !at.Before(since) {
		s.total = min(s.total+grown, largestCount)
	}
	s.values[at] = value
	if at.After(s.latest) {
		s.latest = at
	}
}

// forget drops the periods that began before a time. The sum keeps them.
func (s *series) forget(before time.Time) {
	for at := range s.values {
		if at.Before(before) {
			delete(s.values, at)
		}
	}
}

// count returns the sum as a counter. It is unknown until the first value: an idle queue
// has no values, and missing is not zero.
func (s *series) count() signal.Count {
	if s.latest.IsZero() {
		return signal.Unknown
	}
	return signal.Count(s.total)
}

// between returns the sum of the periods that begin in [from, to), and how many of them
// have a value.
func (s *series) between(from, to time.Time) (sum float64, periods int) {
	for at, value := range s.values {
		if !at.Before(from) && at.Before(to) {
			sum += value
			periods++
		}
	}
	return sum, periods
}

// metered reports whether CloudWatch has recent values of the queue.
func (r *reading) metered(s *series) bool {
	return r.config.CloudWatch.Enabled && !s.latest.IsZero() && r.now.Sub(s.latest) <= r.config.blind()+5*r.config.period()
}

// oldest returns the start of the oldest message's wait.
//
// CloudWatch measured the age minutes ago, and ignores messages that were received
// three times. So the age is a lower bound. While no message is deleted, the same
// message grows older. After a delete, another message may be the oldest, and the
// measured age stays the best lower bound.
//
// Without CloudWatch, only the time since the queue was last seen empty is known. A
// queue of many young messages looks the same, so this is an estimate, and nothing is
// decided from it.
func (r *reading) oldest(q *queue) signal.Age {
	if q.past.neverEmptySince.IsZero() {
		return signal.Age{}
	}
	s := &q.meter.series[age]
	if r.metered(s) {
		old := q.setting.plausible(s.values[s.latest])
		// The time of the measurement within its period is unknown. The end of the
		// period is the safe choice.
		measured := s.latest.Add(r.config.period())
		emptied := q.past.neverEmptySince.After(measured) && q.past.wasEmpty
		if old > 0 && !emptied {
			if taken, _ := q.meter.series[deleted].between(s.latest.Add(-r.config.period()), r.now); taken > 0 {
				measured = r.now
			}
			return signal.Age{Since: signal.InstantOf(measured.Add(-old)), Bound: signal.AtLeast}
		}
	}
	return signal.Age{Since: signal.InstantOf(q.past.neverEmptySince), Bound: signal.Estimated}
}

// retentionSlack is by how much a message may be older than the retention: a lower one takes
// effect within 15 minutes.
const retentionSlack = time.Hour

// plausible returns an age in seconds as a duration; 0 if no message can be that old. An
// emulator may measure in another unit.
func (s *setting) plausible(seconds float64) time.Duration {
	longest := longestRetention
	if s.retention > 0 {
		longest = s.retention + retentionSlack
	}
	if seconds > longest.Seconds() {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// consumers returns 1 if a consumer was seen, and 0 if certainly no consumer received
// during the period that CloudWatch has completed. Otherwise the number is unknown. SQS
// does not know how many consumers there are.
func (r *reading) consumers(q *queue) signal.Count {
	if q.depth.inFlight > 0 {
		return 1
	}
	taken, vain := &q.meter.series[received], &q.meter.series[emptyReceives]
	if !r.metered(taken) {
		return signal.Unknown
	}
	// The time range whose periods CloudWatch has completed.
	period := r.config.period()
	window := max(time.Duration(r.config.CloudWatch.Interval), period)
	to := taken.asked.Add(-time.Duration(r.config.CloudWatch.Delay)).Add(-period + time.Nanosecond)
	from := to.Add(-window)
	// An incomplete period also proves that a consumer received.
	if took, _ := taken.between(from, taken.asked); took > 0 {
		return 1
	}
	if tried, _ := vain.between(from, vain.asked); tried > 0 {
		return 1
	}
	// No consumer is certain only if all periods but one have values, in both metrics.
	enough := max(1, int(window/period)-1)
	_, ofTaken := taken.between(from, to)
	_, ofVain := vain.between(from, to)
	switch {
	case q.depth.waiting() <= 0 || !vain.asked.Equal(taken.asked) || ofTaken < enough || ofVain < enough:
		return signal.Unknown
	case !q.past.fellAt.IsZero() && q.past.fellAt.After(from):
		return signal.Unknown // the depth fell: a consumer, or a purge
	}
	return 0
}

// progress returns the queue as one partition: deleted messages are behind its
// position, waiting ones ahead. There is none without recent CloudWatch values, nor
// while CloudWatch cannot be read: what consumers deleted meanwhile is not known.
func (r *reading) progress(q *queue) []signal.Partition {
	s := &q.meter.series[deleted]
	if !r.metered(s) || !r.counted() {
		return nil
	}
	done := int64(s.total)
	return []signal.Partition{{
		Start: signal.Unknown, Committed: done, End: done + int64(q.past.steady()), Head: r.oldest(q),
	}}
}
