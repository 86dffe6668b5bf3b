package sqs

import (
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// queue is the state of one queue. Only one goroutine at a time uses it.
type queue struct {
	name string
	url  string
	// listed: the config selects it by name. Otherwise it is only known as the dead
	// letter queue of a selected one.
	listed bool
	// gone: it was deleted, and a redrive policy still names it.
	gone bool

	reported bool // by the last reading

	tags   map[string]string
	tagsAt time.Time

	setting setting

	// sources are the queues that AWS lists as sources of this dead letter queue, watched
	// or not.
	sources   []string
	sourcesAt time.Time

	// from are all queues that are known to have this one as their dead letter queue.
	from       []string
	attendance collectors.Attendance
	purpose    signal.Purpose

	depth depth
	at    time.Time // when depth was read
	past  past
	meter meter
	// depths are those of the last readings.
	depths []depthAt
	head   groupHead
}

// depth is how many messages are in a queue.
type depth struct {
	ready, inFlight, delayed signal.Count
}

// sum is the number of all messages in the queue.
func (d depth) sum() signal.Count { return d.ready.Add(d.inFlight).Add(d.delayed) }

// waiting is the number of messages that consumers could process now.
func (d depth) waiting() signal.Count { return d.ready.Add(d.inFlight) }

// fresh reports whether the queue was read in the reading that began at began.
func (q *queue) fresh(began time.Time) bool { return !q.at.Before(began) }

// past summarises the earlier readings of a queue.
type past struct {
	waiting signal.Count // at the last reading
	before  signal.Count // at the one before
	known   bool
	// neverEmptySince is the first of the readings in a row that found messages waiting.
	neverEmptySince time.Time
	wasEmpty        bool // a reading found it empty before
	// fellAt is when the depth last fell between two readings.
	fellAt time.Time

	arrived  signal.Count
	level    signal.Count // the depth that arrivals are counted from
	below    bool         // the last reading was below it
	belowMax signal.Count
}

// observe adds a reading.
func (p *past) observe(d depth, at time.Time) {
	waiting, sum := d.waiting(), d.sum()
	switch {
	case waiting <= 0:
		p.neverEmptySince, p.wasEmpty = time.Time{}, true
	case p.neverEmptySince.IsZero():
		p.neverEmptySince = at
	}
	if p.known && waiting < p.waiting {
		p.fellAt = at
	}
	p.before, p.waiting = p.waiting, waiting
	p.arrive(sum)
	p.known = true
}

// steady returns the waiting messages without a dip of one reading. The counts of SQS
// are approximate, and a dip would look like consumption.
func (p *past) steady() signal.Count {
	if p.waiting <= 0 {
		return p.waiting
	}
	return max(p.waiting, p.before)
}

// arrive counts arrivals from the rise of the depth. The counts of SQS are approximate.
// A dip that recovers is no arrival, so the level falls only after two lower readings in
// a row.
func (p *past) arrive(sum signal.Count) {
	switch {
	case !p.known:
		p.level = sum
	case sum >= p.level:
		p.arrived += sum - p.level
		p.level, p.below = sum, false
	case p.below:
		p.level, p.below = max(sum, p.belowMax), false
		if sum < p.level {
			p.below, p.belowMax = true, sum
		}
	default:
		p.below, p.belowMax = true, sum
	}
}
