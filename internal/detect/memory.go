package detect

import (
	"maps"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// blindAfter is how many intervals may pass between two readings of a subject
// before the time between them counts as not observed. Times of "no progress since"
// then restart: a broker that was unreachable for ten minutes is not a consumer that
// stood still for ten minutes.
const blindAfter = 3

// forgetAfter is how long something may be missing from partial readings before its
// memory is dropped.
const forgetAfter = time.Hour

// vanishedFor is how long a deleted group that left messages behind is remembered. An
// operator who deleted it on purpose should not see it forever.
const vanishedFor = 24 * time.Hour

// targetMemory is what is remembered of one target: the trackers that modes share, and
// what each mode remembers for itself.
type targetMemory struct {
	identity string         // what the target says it is
	first    signal.Instant // of the first reading
	last     signal.Instant // of the last
	interval time.Duration  // between readings, with the time that one takes

	queues      map[signal.QueueID]*queueMemory
	vanished    map[signal.QueueID]*queueMemory // groups that are gone and left messages behind
	deadLetters map[string]*deadLetterMemory
	muted       map[muted]signal.Instant // until when

	outboxes   map[string]*outboxMemory // of outbox_stalled
	brokers    map[broker]*brokerMemory // of message_lost
	undeclared []undeclaredState        // of order_state_unknown
	slots      []*slotMemory            // of event_missing
	// deletions are queues that were deleted with messages in them, of message_lost.
	deletions map[signal.QueueID]*deletion
	expiries  []Expiry // of message_expiring, at the last reading
	// acknowledged is what did not count at the last reading.
	acknowledged []Acknowledged

	before   []partition // of the queue that is being observed; kept to be used again
	outdated []Outdated  // since Outdated was called
}

func newTargetMemory(at signal.Instant) *targetMemory {
	return &targetMemory{
		first:       at,
		queues:      map[signal.QueueID]*queueMemory{},
		vanished:    map[signal.QueueID]*queueMemory{},
		deadLetters: map[string]*deadLetterMemory{},
		outboxes:    map[string]*outboxMemory{},
		brokers:     map[broker]*brokerMemory{},
		deletions:   map[signal.QueueID]*deletion{},
		muted:       map[muted]signal.Instant{},
	}
}

// blind reports whether too much time lies between two readings to know what
// happened between them.
func blind(from, to signal.Instant, interval time.Duration) bool {
	gap := to.Sub(from)
	return gap < 0 || gap > blindAfter*interval
}

// restarts reports whether a time of "unchanged since" restarts after an observation gap.
// One that was already long enough to decide keeps running: what was stuck before the gap,
// and has not changed meanwhile, is still stuck.
func restarts(rebase bool, since, previous signal.Instant, decides time.Duration) bool {
	return rebase && (!since.Known() || decides <= 0 || previous.Sub(since) < decides)
}

// observe takes a reading: first the trackers, then what each mode remembers. It returns
// whether there was an observation gap before it.
func (m *targetMemory) observe(v *view, decisions []Decision) (gap bool) {
	r := v.report
	interval := r.Interval + r.Duration
	gap = m.last.Known() && blind(m.last, v.at, interval)
	m.last, m.interval = v.at, interval

	for i := range r.DeadLetters {
		m.deadLetter(r.DeadLetters[i].Destination).observe(&r.DeadLetters[i], v.at)
	}
	for i := range r.Queues {
		reading := m.observeQueue(&r.Queues[i], v.at, interval)
		for j := range decisions {
			if observe := decisions[j].observeQueue; observe != nil {
				observe(&reading)
			}
		}
	}
	for i := range decisions {
		if observe := decisions[i].observe; observe != nil {
			observe(v)
		}
	}
	if r.Complete() {
		m.forgetAbsent(r, v.at)
	} else {
		m.forgetUnseen(v.at)
	}
	return gap
}

// queue returns the memory of a queue. A group that comes back resumes, so that a loss
// while it was away is seen.
func (m *targetMemory) queue(id signal.QueueID) *queueMemory {
	if q, known := m.queues[id]; known {
		return q
	}
	q, known := m.vanished[id]
	if known {
		delete(m.vanished, id)
	} else {
		q = &queueMemory{ID: id}
	}
	m.queues[id] = q
	return q
}

// forgetUnseen drops what a target that is only ever read in part has not shown for
// long: it may have been deleted.
func (m *targetMemory) forgetUnseen(at signal.Instant) {
	maps.DeleteFunc(m.queues, func(_ signal.QueueID, q *queueMemory) bool { return at.Sub(q.At) > forgetAfter })
	maps.DeleteFunc(m.deadLetters, func(_ string, d *deadLetterMemory) bool { return at.Sub(d.At) > forgetAfter })
	maps.DeleteFunc(m.outboxes, func(_ string, o *outboxMemory) bool { return at.Sub(o.At) > forgetAfter })
}

// forgetAbsent drops what a complete report no longer contains: it was deleted. A group
// that left messages behind in a topic that still exists is kept as vanished.
func (m *targetMemory) forgetAbsent(r *signal.Report, at signal.Instant) {
	destinations := map[string]bool{}
	for i := range r.Queues {
		destinations[r.Queues[i].Destination] = true
	}
	for id, q := range m.queues {
		if q.At == at {
			continue
		}
		delete(m.queues, id)
		if q.Progress.Backlog > 0 && destinations[id.Destination] {
			q.VanishedAt = at
			m.vanished[id] = q
		}
	}
	maps.DeleteFunc(m.vanished, func(id signal.QueueID, q *queueMemory) bool {
		return !destinations[id.Destination] || at.Sub(q.VanishedAt) > vanishedFor
	})
	maps.DeleteFunc(m.deadLetters, func(_ string, d *deadLetterMemory) bool { return d.At != at })
	maps.DeleteFunc(m.outboxes, func(_ string, o *outboxMemory) bool { return o.At != at })
}
