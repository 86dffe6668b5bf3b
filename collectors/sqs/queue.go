package sqs

import (
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// queue is what is known of one queue. Only one goroutine at a time works on it.
type queue struct {
	name string
	url  string
	// listed: it is one that the config chooses by name; otherwise it is known only
	// as the dead letter queue of one that is.
	listed bool
	// gone: it is the target of a redrive policy, and was deleted.
	gone bool

	tags   map[string]string
	tagsAt time.Time

	setting   setting
	settingAt time.Time

	// sources are the queues that AWS says to have this one as their dead letter
	// queue, whether they are watched or not.
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
}

// depth is how many messages are in a queue.
type depth struct {
	ready, inFlight, delayed signal.Count
}

// sum is all that is in the queue.
func (d depth) sum() signal.Count { return d.ready.Add(d.inFlight).Add(d.delayed) }

// waiting is what is there to be worked off now.
func (d depth) waiting() signal.Count { return d.ready.Add(d.inFlight) }

// fresh reports whether the queue was read in the reading that began at began.
func (q *queue) fresh(began time.Time) bool { return !q.at.Before(began) }

// past is what the readings of a queue add up to.
type past struct {
	waiting signal.Count // at the last reading
	before  signal.Count // at the one before
	known   bool
	// neverEmptySince is since when every reading found something waiting.
	neverEmptySince time.Time
	wasEmpty        bool // a reading found it empty before
	// fellAt is when a reading last found less than the one before.
	fellAt time.Time

	arrived  signal.Count
	level    signal.Count // the depth that arrivals are counted from
	below    bool         // the last reading was below it
	belowMax signal.Count
}

// observe takes in what a reading found.
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

// steady returns what waits, without a dip of one reading: the counts of SQS are
// approximate, and a dip would look as if something had been taken out.
func (p *past) steady() signal.Count {
	if p.waiting <= 0 {
		return p.waiting
	}
	return max(p.waiting, p.before)
}

// arrive counts what is there on top of what was. The counts of SQS are
// approximate: one that dips and comes back is no arrival, so that the level
// falls only when two readings in a row found less.
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
