// Package queues decides what a config for a broker looks like, from what was observed of its
// queues: what each is for, which carry orders, and how long messages wait. It reads nothing.
package queues

import (
	"cmp"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Observed is what readings of a broker have shown.
type Observed struct {
	Readings int
	For      time.Duration // from the first reading to the last
	Queues   []*Queue
	Dead     []signal.DeadLetterQueue // of the last reading
	Warnings []string
	first    time.Time
}

// Queue is what readings have shown of a queue.
type Queue struct {
	Last      signal.Queue // as last read
	Ages      []time.Duration
	ageless   bool         // messages waited in some reading, and nothing said for how long
	Consumers signal.Count // the most
	Rate      float64      // messages that arrive in a second; below zero where unknown
	published signal.Count // of the first reading that counted them
	at        time.Time
}

// Add adds a reading.
func (o *Observed) Add(r *signal.Report) {
	if r.Empty() && r.Err != nil {
		return
	}
	if o.Readings == 0 {
		o.first = r.At
	}
	o.Readings++
	o.For = r.At.Sub(o.first)
	o.Dead, o.Warnings = r.DeadLetters, r.Warnings
	now := signal.InstantOf(r.At)
	for i := range r.Queues {
		q := o.queue(&r.Queues[i], r.At)
		q.Last = r.Queues[i]
		q.Consumers = max(q.Consumers, q.Last.Consumers)
		switch {
		case q.Last.Oldest.Known():
			q.Ages = append(q.Ages, q.Last.Oldest.At(now))
		case q.Last.Ready == 0:
			q.Ages = append(q.Ages, 0)
		default:
			q.ageless = true
		}
		if q.published >= 0 && q.Last.Published >= q.published && r.At.After(q.at) {
			q.Rate = float64(q.Last.Published-q.published) / r.At.Sub(q.at).Seconds()
		}
	}
}

func (o *Observed) queue(s *signal.Queue, at time.Time) *Queue {
	i, found := slices.BinarySearchFunc(o.Queues, s.QueueID, func(q *Queue, id signal.QueueID) int {
		return cmp.Or(cmp.Compare(q.Last.Destination, id.Destination), cmp.Compare(q.Last.Group, id.Group))
	})
	if !found {
		o.Queues = slices.Insert(o.Queues, i, &Queue{Last: *s, Consumers: signal.Unknown, Rate: -1, published: s.Published, at: at})
	}
	return o.Queues[i]
}

// Longest is the longest that a message was seen to wait; false where that is unknown.
func (q *Queue) Longest() (time.Duration, bool) {
	if len(q.Ages) == 0 || q.ageless {
		return 0, false
	}
	return slices.Max(q.Ages), true
}
