package rabbitmq

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// key names a queue in a cluster.
type key struct{ vhost, name string }

// destination is the name in metrics and findings: vhost/queue, without the default
// virtual host. No two queues share one: a slash in the name of a virtual host is escaped,
// and the default one is named where its queue contains a slash.
func (k key) destination() string {
	if k.vhost == "/" && !strings.Contains(k.name, "/") {
		return k.name
	}
	return signal.EscapeSlashes(k.vhost) + "/" + k.name
}

// queue is the state of one queue between readings.
type queue struct {
	key
	id        signal.QueueID
	objective signal.Objective
	setup     setup
	counts    counts
	history   history
	use       use
	purpose   signal.Purpose
	delay     time.Duration // how long it holds messages; 0: not at all, or unknown
	refilled  bool          // other queues dead-letter to it
	holding   holding
	follower  follower // of a stream
	sample    deadLetterSample
	arrivals  arrivals
	seenIn    int  // number of the last reading that contained it
	gone      bool // deleted; only a channel still counts for it
	hidden    bool // not in the counts, and not known to be deleted
	// lastWaiting is how many messages it held when it was last in the counts.
	lastWaiting signal.Count
	unreadable  bool // older than the definitions, which contain nothing of its virtual host
}

// watches reports whether a queue is watched, and notes that its name exists.
func (r *reader) watches(k key) bool {
	r.unmatchedVHosts.See(k.vhost)
	if r.config.VHosts.Match(k.vhost) {
		r.unmatchedQueues.See(k.name)
	}
	return r.config.watches(k)
}

// counts are the values of one reading.
type counts struct {
	ready, unacked, consumers signal.Count
	published, acked, auto    signal.Count
	delivered, redelivered    signal.Count
	bytes                     signal.Count   // of ready messages
	lag                       signal.Count   // of the slowest consumer of a stream
	head                      signal.Instant // the timestamp that the publisher set
	utilisation               float64
	deliveriesKnown           bool
	lagShown                  bool // the source shows the lag of stream consumers, where there are any
}

var unknownCounts = counts{
	ready: signal.Unknown, unacked: signal.Unknown, bytes: signal.Unknown, consumers: signal.Unknown,
	published: signal.Unknown, acked: signal.Unknown, auto: signal.Unknown,
	delivered: signal.Unknown, redelivered: signal.Unknown, lag: signal.Unknown, utilisation: signal.Unknown,
}

// waiting returns how many messages are in the queue, including delivered ones.
func (c *counts) waiting() signal.Count { return c.ready.Add(c.unacked) }

// processed returns how many messages consumers acknowledged or got with automatic
// acknowledgement; Unknown if the broker does not count them.
func (c *counts) processed() signal.Count {
	if !c.deliveriesKnown {
		return signal.Unknown
	}
	return max(0, c.acked) + max(0, c.auto)
}

// queue returns the state of a queue.
func (r *reader) queue(k key) *queue {
	q := r.queues[k]
	if q == nil {
		q = &queue{
			key: k, setup: r.setups[k], objective: r.config.objective(k.name), history: newHistory(),
			id: signal.QueueID{System: signal.RabbitMQ, Cluster: r.config.Name, Destination: k.destination()},
		}
		r.queues[k] = q
		r.sorted, r.purposesStale = nil, true
	}
	return q
}

// now returns the counts of the current reading. They are unknown at the first call.
func (r *reader) now(q *queue) *counts {
	if q.seenIn != r.number {
		q.seenIn, q.counts = r.number, unknownCounts
		r.seenCount++
	}
	return &q.counts
}

// begin starts a reading of all queues.
func (r *reader) begin() { r.number, r.seenCount, r.placesSeen, r.tooMany = r.number+1, 0, 0, false }

// exists notes whether a queue of the current reading still exists.
func (r *reader) exists(q *queue, there bool) {
	if q.gone == there {
		q.gone, r.sorted = !there, nil
	}
}

// seen returns the queues of the current reading in order of their names, and forgets all
// others.
func (r *reader) seen() []*queue {
	if r.seenCount < len(r.queues) {
		maps.DeleteFunc(r.queues, func(_ key, q *queue) bool { return q.seenIn != r.number && !q.hidden })
		r.sorted = nil
	}
	if r.sorted == nil {
		clear(r.places) // they may point to queues that no longer exist
		for _, q := range r.queues {
			if !q.gone && !q.hidden {
				r.sorted = append(r.sorted, q)
			}
		}
		slices.SortFunc(r.sorted, func(a, b *queue) int {
			return cmp.Or(strings.Compare(a.vhost, b.vhost), strings.Compare(a.name, b.name))
		})
	}
	return r.sorted
}
