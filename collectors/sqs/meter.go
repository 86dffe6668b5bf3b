package sqs

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// meter is what CloudWatch said of one queue.
type meter struct {
	since  time.Time // from when on it counts
	series [kinds]series
}

func (m *meter) begin(at time.Time) {
	if m.since.IsZero() {
		m.since = at
	}
}

// series is one metric: its value in each period, and their sum since we look.
type series struct {
	values map[time.Time]float64
	latest time.Time
	total  float64
	asked  time.Time // when CloudWatch was asked for it
}

// put takes in the value of a period. One that grew, because it was filled in
// late, is counted with what it grew by.
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

// forget drops the periods that began before a moment; the sum keeps them.
func (s *series) forget(before time.Time) {
	for at := range s.values {
		if at.Before(before) {
			delete(s.values, at)
		}
	}
}

// count returns the sum as a counter, unknown while there was no value: an idle
// queue has none, and missing is not zero.
func (s *series) count() signal.Count {
	if s.latest.IsZero() {
		return signal.Unknown
	}
	return signal.Count(s.total)
}

// between adds up the periods that begin in [from, to), and counts those that have
// a value.
func (s *series) between(from, to time.Time) (sum float64, periods int) {
	for at, value := range s.values {
		if !at.Before(from) && at.Before(to) {
			sum += value
			periods++
		}
	}
	return sum, periods
}

// metered reports whether CloudWatch had something of the queue lately, so that it
// says something of the present.
func (r *reading) metered(s *series) bool {
	return r.config.CloudWatch.Enabled && !s.latest.IsZero() && r.now.Sub(s.latest) <= r.config.blind()+5*r.config.period()
}

// oldest returns since when the oldest message has waited. CloudWatch says it of
// a moment that lies minutes back, and leaves out messages that were received
// three times: it is at least that old. While nothing is deleted it is the same
// message that grows older; where messages are, those that wait now are others, as old
// as far as is known as those were then. Without CloudWatch all that is known is
// that no reading found the queue empty, which many young messages look like, too: an
// estimate, never decided on.
func (r *reading) oldest(q *queue) signal.Age {
	if q.past.neverEmptySince.IsZero() {
		return signal.Age{}
	}
	s := &q.meter.series[age]
	if r.metered(s) {
		old := time.Duration(s.values[s.latest] * float64(time.Second))
		// When in its period it was measured is not said: at the end of it the message
		// is no younger.
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

// consumers tells whether somebody reads a queue: 1 when somebody was seen to, 0
// when certainly nobody did for as long as CloudWatch is behind, unknown otherwise.
// How many there are SQS does not know.
func (r *reading) consumers(q *queue) signal.Count {
	if q.depth.inFlight > 0 {
		return 1
	}
	taken, vain := &q.meter.series[received], &q.meter.series[emptyReceives]
	if !r.metered(taken) {
		return signal.Unknown
	}
	// The window that CloudWatch is done with.
	period := r.config.period()
	window := max(time.Duration(r.config.CloudWatch.Interval), period)
	to := taken.asked.Add(-time.Duration(r.config.CloudWatch.Delay)).Add(-period + time.Nanosecond)
	from := to.Add(-window)
	// That somebody did is said by what is incomplete, too.
	if took, _ := taken.between(from, taken.asked); took > 0 {
		return 1
	}
	if tried, _ := vain.between(from, vain.asked); tried > 0 {
		return 1
	}
	// That nobody did takes every period of the window but one, of both.
	enough := max(1, int(window/period)-1)
	_, ofTaken := taken.between(from, to)
	_, ofVain := vain.between(from, to)
	switch {
	case q.depth.waiting() <= 0 || !vain.asked.Equal(taken.asked) || ofTaken < enough || ofVain < enough:
		return signal.Unknown
	case !q.past.fellAt.IsZero() && q.past.fellAt.After(from):
		return signal.Unknown // something took messages out; it may have been a purge
	}
	return 0
}

// progress returns the one part of the queue that advances: what was deleted is
// behind, what waits is before. There is none while CloudWatch does not tell.
func (r *reading) progress(q *queue) []signal.Partition {
	s := &q.meter.series[deleted]
	if !r.metered(s) {
		return nil
	}
	done := int64(s.total)
	return []signal.Partition{{
		Start: signal.Unknown, Committed: done, End: done + int64(q.past.steady()), Head: r.oldest(q),
	}}
}
