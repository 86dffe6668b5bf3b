package detect

import (
	"maps"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// blindAfter is how many intervals may pass between two readings of a subject
// before what lay between counts as not observed. Clocks of "no progress since"
// then start again: a broker that was away for ten minutes is not a consumer that
// stood still for ten minutes.
const blindAfter = 3

// forgetAfter is how long something may be missing from partial readings before its
// history is dropped.
const forgetAfter = time.Hour

// history is what is remembered of one target.
type history struct {
	identity string         // what the target says it is
	first    signal.Instant // of the first reading
	last     signal.Instant // of the last
	queues   map[signal.QueueID]*queueTrack
	vanished map[signal.QueueID]*queueTrack // groups that are gone and left messages behind
	dlqs     map[string]*dlqTrack
	outboxes map[string]*outboxTrack
	brokers  map[broker]*brokerTrack
	threats  []Expiry                 // of the last reading
	muted    map[muted]signal.Instant // until when
}

func newHistory(at signal.Instant) *history {
	return &history{
		first:    at,
		queues:   map[signal.QueueID]*queueTrack{},
		vanished: map[signal.QueueID]*queueTrack{},
		dlqs:     map[string]*dlqTrack{},
		outboxes: map[string]*outboxTrack{},
		brokers:  map[broker]*brokerTrack{},
		muted:    map[muted]signal.Instant{},
	}
}

// blind reports whether too much time lies between two readings to say what
// happened between them.
func blind(from, to signal.Instant, interval time.Duration) bool {
	gap := to.Sub(from)
	return gap < 0 || gap > blindAfter*interval
}

// observe takes a report into the history. It returns whether the target had been
// out of sight since the reading before.
func (h *history) observe(r *signal.Report) (gap bool) {
	at := signal.InstantOf(r.At)
	gap = h.last.Known() && blind(h.last, at, r.Interval+r.Duration)
	h.last = at

	for i := range r.Queues {
		q := &r.Queues[i]
		t, known := h.queues[q.QueueID]
		if !known {
			// A group that comes back goes on where it was, so that a loss while it
			// was away is seen.
			if t, known = h.vanished[q.QueueID]; known {
				delete(h.vanished, q.QueueID)
			} else {
				t = &queueTrack{}
			}
			h.queues[q.QueueID] = t
		}
		t.observe(q, at, r.Interval+r.Duration)
	}
	h.observeBrokers(r, at)
	for i := range r.DeadLetters {
		d := &r.DeadLetters[i]
		t, known := h.dlqs[d.Destination]
		if !known {
			t = &dlqTrack{arrived: d.Arrived}
			h.dlqs[d.Destination] = t
		}
		t.observe(d, at)
		if q := h.queues[signal.QueueID{System: d.System, Cluster: d.Cluster, Destination: d.Destination}]; q != nil {
			q.letters.dead = true
		}
	}
	for i := range r.Outboxes {
		o := &r.Outboxes[i]
		t, known := h.outboxes[o.Name]
		if !known {
			t = &outboxTrack{}
			h.outboxes[o.Name] = t
		}
		t.observe(o, at, r.Interval+r.Duration)
	}
	if r.Complete() {
		h.forgetAbsent(r, at)
	} else {
		h.forgetUnseen(at)
	}
	return gap
}

// forgetUnseen drops what a target that is only ever read in part has not shown for
// long: it cannot be told from what was deleted.
func (h *history) forgetUnseen(at signal.Instant) {
	maps.DeleteFunc(h.queues, func(_ signal.QueueID, t *queueTrack) bool { return at.Sub(t.at) > forgetAfter })
	maps.DeleteFunc(h.dlqs, func(_ string, t *dlqTrack) bool { return at.Sub(t.at) > forgetAfter })
	maps.DeleteFunc(h.outboxes, func(_ string, t *outboxTrack) bool { return at.Sub(t.at) > forgetAfter })
}

// forgetAbsent drops what a whole report no longer has: it was deleted. A group
// that left messages behind in a topic that is still there is kept as vanished.
func (h *history) forgetAbsent(r *signal.Report, at signal.Instant) {
	destinations := map[string]bool{}
	for i := range r.Queues {
		destinations[r.Queues[i].Destination] = true
	}
	for id, t := range h.queues {
		if t.at == at {
			continue
		}
		delete(h.queues, id)
		if t.backlog > 0 && destinations[id.Destination] {
			t.vanishedAt = at
			h.vanished[id] = t
		}
	}
	for id, t := range h.vanished {
		if !destinations[id.Destination] || at.Sub(t.vanishedAt) > vanishedFor {
			delete(h.vanished, id)
		}
	}
	for name, t := range h.dlqs {
		if t.at != at {
			delete(h.dlqs, name)
		}
	}
	for name, t := range h.outboxes {
		if t.at != at {
			delete(h.outboxes, name)
		}
	}
}
