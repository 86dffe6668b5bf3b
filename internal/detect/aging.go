package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// agingFrom is which part of its time a head must have waited before it is
// watched more closely: nearly all are read long before.
const agingFrom = 8

// look is where a partition stood at one moment.
type look struct {
	at        signal.Instant
	committed int64
}

// rate returns how many messages were taken off in a second since the look.
func (l *look) rate(committed int64, at signal.Instant) float64 {
	if at <= l.at {
		return 0
	}
	return float64(committed-l.committed) / at.Sub(l.at).Seconds()
}

// aging is how fast messages of a partition were taken off lately. It is kept only
// where the head has waited for long, so that it costs nothing elsewhere.
type aging struct {
	first, later look
	committed    int64 // at the last reading
	told         bool  // it was near enough to be told, and still threatens
}

// retention returns after how long the broker removes a message of the queue though
// nobody processed it; 0 where it does not, or passes it on to another queue.
func retention(q *signal.Queue) time.Duration {
	if q.Setup == nil || q.Setup.Retention <= 0 || passesOn(q) {
		return 0
	}
	return q.Setup.Retention
}

// passesOn reports whether what a queue removes goes, or may go, to another. Other
// systems remove what is too old, whatever becomes of messages that fail.
func passesOn(q *signal.Queue) bool {
	route := q.Setup.DeadLettering.Route
	return q.Semantics.Get().DeadLettersRemoved && route != signal.RouteNone && route != signal.RouteBroken
}

// agingWindow is how long a head is watched before its pace is judged.
func agingWindow(q *signal.Queue) time.Duration {
	window := q.Setup.Retention / agingFrom
	if q.Objective.MaxAge > 0 {
		window = min(window, q.Objective.MaxAge)
	}
	return max(window, q.CounterDelay)
}

// watchAging takes in how old the heads of the queue are.
func (t *queueTrack) watchAging(q *signal.Queue, at signal.Instant, rebase bool) {
	keeps := retention(q)
	if keeps == 0 {
		t.aging = nil
		return
	}
	for i := range q.Partitions {
		p, pt := &q.Partitions[i], &t.partitions[i]
		if p.End < 0 {
			continue
		}
		if pt.waiting == 0 || !decidable(p.Head) || p.Head.At(at) < keeps/agingFrom {
			delete(t.aging, p.ID)
			continue
		}
		now := look{at: at, committed: p.Committed}
		a, known := t.aging[p.ID]
		switch {
		case !known || rebase || p.Committed < a.committed:
			a = aging{first: now, later: now}
		case at.Sub(a.later.at) >= agingWindow(q):
			a.first, a.later = a.later, now
		}
		if t.aging == nil {
			t.aging = map[int32]aging{}
		}
		a.committed = p.Committed
		one, threatens := t.toLoss(q, i, a, at)
		near := min(keeps/2, longestAhead)
		if a.told {
			near *= 2 // a rate is never quite the same; it is not told, unsaid and told again
		}
		a.told = threatens && one.aged >= keeps/2 && one.in <= near
		t.aging[p.ID] = a
	}
}

// decidable reports whether an age may be decided on.
func decidable(a signal.Age) bool {
	return a.Known() && a.Bound != signal.Estimated
}

// threat is messages that will be removed before anybody processes them.
type threat struct {
	in    time.Duration // until the first of them goes
	aged  time.Duration // how old the head is; 0 where that is not what threatens
	drain float64       // messages taken off in a second
	count int64         // messages that wait
}

// toLoss returns when the broker will remove the head of a partition. At the rate at
// which messages are taken off, the last of those that wait would be reached too
// late, and the head grows older: while it goes through all that wait, whose times
// lie as far apart as it is old.
func (t *queueTrack) toLoss(q *signal.Queue, i int, a aging, at signal.Instant) (threat, bool) {
	p, waits := &q.Partitions[i], t.partitions[i].waiting
	if over := at.Sub(a.first.at); over < agingWindow(q) || over <= 0 {
		return threat{}, false
	}
	// Of readers that are only just back the latest counts.
	drain := max(a.first.rate(p.Committed, at), a.later.rate(p.Committed, at))
	keeps, age := q.Setup.Retention, p.Head.At(at)
	left, pace := max(0, keeps-age), 1.0
	if drain > 0 {
		through := float64(waits) / drain
		if pace = 1 - age.Seconds()/through; pace <= 0 || through < left.Seconds() {
			return threat{}, false
		}
	}
	in := time.Duration(min(left.Seconds()/pace, keeps.Seconds()) * float64(time.Second))
	return threat{in: in, aged: age, drain: drain, count: waits}, true
}
