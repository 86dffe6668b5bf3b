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
	head      signal.Instant // since when the head waited
	committed int64
}

// until returns how much older the head became in each second since the look, one at
// most, and how many messages were taken off.
func (l *look) until(p *signal.Partition, at signal.Instant) (pace, drain float64) {
	over := at.Sub(l.at)
	pace = min(1, float64(p.Head.At(at)-l.at.Sub(l.head))/float64(over))
	return pace, float64(p.Committed-l.committed) / over.Seconds()
}

// aging is how the head of a partition has grown older lately. It is kept only
// for heads that have waited for long, so that it costs nothing elsewhere.
type aging struct{ first, later look }

// retention returns after how long the broker removes a message of the queue though
// nobody processed it; 0 where it does not, or passes it on to another queue.
func retention(q *signal.Queue) time.Duration {
	if q.Setup == nil || q.Setup.Retention <= 0 || passesOn(q) {
		return 0
	}
	return q.Setup.Retention
}

// passesOn reports whether what a queue removes goes, or may go, to another. Kafka
// and SQS remove what is too old whatever becomes of messages that fail.
func passesOn(q *signal.Queue) bool {
	route := q.Setup.DeadLetter.Route
	return q.System == signal.RabbitMQ && route != signal.RouteNone && route != signal.RouteBroken
}

// agingWindow is how long a head is watched before its pace is judged.
func agingWindow(q *signal.Queue) time.Duration {
	window := q.Setup.Retention / agingFrom
	if q.Objective.MaxAge > 0 {
		window = min(window, q.Objective.MaxAge)
	}
	return max(window, q.Behind)
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
		now := look{at: at, head: p.Head.Since, committed: p.Committed}
		a, known := t.aging[p.ID]
		switch {
		case !known || rebase || p.Committed < a.later.committed:
			a = aging{first: now, later: now}
		case at.Sub(a.later.at) >= agingWindow(q):
			a = aging{first: a.later, later: now}
		default:
			continue
		}
		if t.aging == nil {
			t.aging = map[int32]aging{}
		}
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
	where string        // for people: which bound it is that they reach
}

// toLoss returns when the broker will remove the head of a partition: it grows older
// still at the pace of the last window, and at the rate at which messages were taken
// off in it the last of those that wait now would be reached too late.
func (t *queueTrack) toLoss(q *signal.Queue, i int, at signal.Instant) (threat, bool) {
	p, pt := &q.Partitions[i], &t.partitions[i]
	a, known := t.aging[p.ID]
	if !known || p.End < 0 {
		return threat{}, false
	}
	over := at.Sub(a.first.at)
	if over < agingWindow(q) || over <= 0 {
		return threat{}, false
	}
	age := p.Head.At(at)
	left := max(0, q.Setup.Retention-age)
	// Of readers that are only just back the latest counts.
	pace, drain := a.first.until(p, at)
	if at > a.later.at {
		latePace, lateDrain := a.later.until(p, at)
		pace, drain = min(pace, latePace), max(drain, lateDrain)
	}
	if pace <= 0 || drain > 0 && float64(pt.waiting)/drain < left.Seconds() {
		return threat{}, false
	}
	in := time.Duration(min(left.Seconds()/pace, q.Setup.Retention.Seconds()) * float64(time.Second))
	return threat{in: in, aged: age, drain: drain, count: pt.waiting}, true
}
