package sqs

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// groupHead is the oldest message of a FIFO queue, as far as its age shows: while the age
// grows as fast as time, the same message is the oldest.
type groupHead struct {
	sent  time.Time // the earliest that the age allows
	since time.Time // the first period in which it was the oldest
	last  time.Time // the last such period
}

// observe takes the ages of the periods that it does not know yet.
func (h *groupHead) observe(ages *series, period time.Duration) {
	var fresh []time.Time
	for at := range ages.values {
		if at.After(h.last) {
			fresh = append(fresh, at)
		}
	}
	slices.SortFunc(fresh, time.Time.Compare)
	for _, at := range fresh {
		old := time.Duration(ages.values[at] * float64(time.Second))
		// The age was measured at some moment of its period.
		sent := at.Add(period - old)
		switch off := sent.Sub(h.sent); {
		case old <= 0:
			h.sent, h.since = time.Time{}, time.Time{}
		case h.sent.IsZero(), off > period+period/2, off < -period-period/2:
			h.sent, h.since = sent, at
		}
		h.last = at
	}
}

// groupHeld returns since when the oldest message of a FIFO queue is the same one; unknown for
// other queues and without recent ages. In a FIFO queue a message holds back all after it of
// its group, while consumers receive those of other groups. Call it while the counters are current.
func (r *reading) groupHeld(q *queue) signal.Instant {
	ages := &q.meter.series[age]
	if !q.fifo() || !r.metered(ages) {
		return 0
	}
	q.head.observe(ages, r.config.period())
	if q.head.since.IsZero() {
		return 0
	}
	return signal.InstantOf(q.head.since.Add(r.config.period()))
}
