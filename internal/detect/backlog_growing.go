package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// backlogGrowing: messages have come faster than they are taken off for as long as
// one may wait, and one that comes now will wait longer than that. It is told
// before the age says so, and told until the queue shrinks.
var backlogGrowing = Decision{
	Mode:        signal.BacklogGrowing,
	Description: "The queue will not meet its age objective at the rates at which messages come and are taken off.",
	BenignTwin:  "A burst or a nightly batch that drains, a queue that is younger than its window, consumers that are only just back.",
	judge:       judgeBacklogGrowing,
}

// watchGrowth notes whether the queue meets its objective; one that did not does
// again once it shrinks.
func (t *queueTrack) watchGrowth(q *signal.Queue) {
	wait, known := t.flow.wait(t.backlog)
	switch {
	case q.Objective.MaxAge <= 0, t.consumers == 0, known && wait < q.Objective.MaxAge, t.flow.shrinking():
		t.growingSince = 0
	case !t.growingSince.Known() && known && t.flow.growing() && !t.mayStall(q):
		t.growingSince = t.flow.first().at
	}
}

// mayStall reports whether most of what waits does so where nothing moves: it is not
// yet known whether that is slow or stands still.
func (t *queueTrack) mayStall(q *signal.Queue) bool {
	var still int64
	for i := range t.partitions {
		pt := &t.partitions[i]
		if pt.stuckSince.Known() && pt.seenFor(pt.stuckSince, t.flow.last().at) >= q.Objective.MaxAge/2 {
			still += pt.waiting
		}
	}
	return 2*still > t.backlog
}

func judgeBacklogGrowing(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.history.queues[q.QueueID]
		if !t.growingSince.Known() || !t.flow.full() || v.deadLetters(q) {
			continue
		}
		wait, known := t.flow.wait(t.backlog)
		if !known {
			continue // nothing moves any more, which is another mode
		}
		c := Case{
			Subject: queueSubject(q.QueueID), Severity: signal.Warning, Count: t.backlog,
			Since: t.growingSince, DecidableAt: t.flow.last().at, Orders: q.Sample,
			Evidence: signal.Evidence{
				{Name: "waiting_messages", Value: fmt.Sprint(t.backlog)},
				{Name: "arrivals", Value: rateInWords(t.flow.arrivals())},
				{Name: "taken_off", Value: rateInWords(t.flow.drain()) + " at best"},
				{Name: "measured_over", Value: inWords(t.flow.lasted())},
				{Name: "next_message_waits", Value: inWords(wait)},
				{Name: "objective_max_age", Value: inWords(q.Objective.MaxAge)},
			},
		}
		if q.Oldest.Known() {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "oldest_message_age", Value: inWords(q.Oldest.At(v.at)) + " (" + q.Oldest.Bound.String() + ")"})
			if q.Oldest.Bound != signal.Estimated && q.Oldest.At(v.at) >= q.Objective.MaxAge {
				c.Severity = signal.Critical // it is no forecast any more
			}
		}
		if q.Consumers.Known() {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "consumers", Value: fmt.Sprint(q.Consumers)})
		}
		cases = append(cases, c)
	}
	return cases
}

// rateInWords writes a rate so that slow ones can be read too.
func rateInWords(perSecond float64) string {
	switch {
	case perSecond >= 1:
		return fmt.Sprintf("%.1f/s", perSecond)
	case perSecond*time.Minute.Seconds() >= 1:
		return fmt.Sprintf("%.1f/min", perSecond*time.Minute.Seconds())
	default:
		return fmt.Sprintf("%.1f/h", perSecond*time.Hour.Seconds())
	}
}
