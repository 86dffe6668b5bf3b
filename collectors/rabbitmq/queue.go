package rabbitmq

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// key names a queue in a cluster.
type key struct{ vhost, name string }

// destination is the name that metrics and findings use. The default virtual host
// is left out; no name of another can look as if it was in it, except that of a
// queue with a slash in its name.
func (k key) destination() string {
	if k.vhost == "/" {
		return k.name
	}
	return k.vhost + "/" + k.name
}

// queue is what is known of one queue from one reading to the next.
type queue struct {
	key
	id        signal.QueueID
	objective signal.Objective
	setup     setup
	counts    counts
	past      past
	peek      peek
	arrivals  arrivals
	round     int  // of the reading that saw it last
	gone      bool // it was deleted, and is only remembered by others
	hidden    bool // it was there before the definitions were read, and they had none of its virtual host
}

// watches reports whether a queue is watched, and notes that there is one of its name.
func (r *reader) watches(k key) bool {
	r.lostVHosts.See(k.vhost)
	if r.config.VHosts.Match(k.vhost) {
		r.lostQueues.See(k.name)
	}
	return r.config.watches(k)
}

// counts is what changes from one reading to the next.
type counts struct {
	ready, unacked, consumers signal.Count
	published, acked, auto    signal.Count
	delivered, redelivered    signal.Count
	bytes                     signal.Count   // of those that are ready
	lag                       signal.Count   // of the slowest reader of a stream
	head                      signal.Instant // as the publisher set it
	utilisation               float64
	deliveriesKnown           bool
}

var unknownCounts = counts{
	ready: signal.Unknown, unacked: signal.Unknown, bytes: signal.Unknown, consumers: signal.Unknown,
	published: signal.Unknown, acked: signal.Unknown, auto: signal.Unknown,
	delivered: signal.Unknown, redelivered: signal.Unknown, lag: signal.Unknown, utilisation: signal.Unknown,
}

// waiting returns how many messages are in the queue, delivered or not.
func (c *counts) waiting() signal.Count { return c.ready.Add(c.unacked) }

// processed returns how many messages left the queue because a reader took them;
// Unknown where the broker does not count them.
func (c *counts) processed() signal.Count {
	if !c.deliveriesKnown {
		return signal.Unknown
	}
	return max(0, c.acked) + max(0, c.auto)
}

// queue returns the record of a queue.
func (r *reader) queue(k key) *queue {
	q := r.queues[k]
	if q == nil {
		q = &queue{
			key: k, setup: r.setups[k], objective: r.config.objective(k.name), past: newPast(),
			id: signal.QueueID{System: signal.RabbitMQ, Cluster: r.config.Name, Destination: k.destination()},
		}
		r.queues[k] = q
		r.sorted = nil
	}
	return q
}

// now returns the counts of the present reading, in which nothing is known yet the
// first time that they are asked for.
func (r *reader) now(q *queue) *counts {
	if q.round != r.round {
		q.round, q.counts = r.round, unknownCounts
		r.met++
	}
	return &q.counts
}

// begin begins a reading of all queues.
func (r *reader) begin() { r.round, r.met, r.placesMet = r.round+1, 0, 0 }

// exists notes whether a queue of the present reading is there.
func (r *reader) exists(q *queue, there bool) {
	if q.gone == there {
		q.gone, r.sorted = !there, nil
	}
}

// seen returns the queues of the present reading in the order of their names, and
// forgets all others.
func (r *reader) seen() []*queue {
	if r.met < len(r.queues) {
		maps.DeleteFunc(r.queues, func(_ key, q *queue) bool { return q.round != r.round })
		r.sorted = nil
	}
	if r.sorted == nil {
		clear(r.places) // they may be of queues that are gone
		for _, q := range r.queues {
			if !q.gone {
				r.sorted = append(r.sorted, q)
			}
		}
		slices.SortFunc(r.sorted, func(a, b *queue) int {
			return cmp.Or(strings.Compare(a.vhost, b.vhost), strings.Compare(a.name, b.name))
		})
	}
	return r.sorted
}
