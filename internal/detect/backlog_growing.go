package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// backlogGrowing: messages have arrived faster than they are processed for as long as
// one may wait, and one that arrives now will wait longer than that. It is reported
// before the age shows it, and until the queue shrinks.
var backlogGrowing = Decision{
	Mode:         signal.BacklogGrowing,
	Description:  "The queue will not meet its age objective at the present rates of arrival and consumption.",
	BenignTwin:   "A burst or a nightly batch that drains, a queue that is younger than its window, consumers that have only just come back.",
	observeQueue: observeGrowth,
	decide:       decideBacklogGrowing,
	presence: func(v *view, s signal.Subject) presence {
		return v.queuePresence(s, func(q *signal.Queue) bool { return readWhole(q) && v.windowObserved(q) })
	},
}

// windowObserved reports whether the flow of a queue was observed for a whole window, or no
// message waits.
func (v *view) windowObserved(q *signal.Queue) bool {
	t := v.memory.queues[q.QueueID]
	return t.Flow.full() || t.Progress.Backlog == 0
}

// growth is what backlog_growing remembers of a queue.
type growth struct {
	// Since is since when the queue does not meet its objective. It stays until the queue
	// shrinks.
	Since signal.Instant
}

func observeGrowth(r *queueReading) {
	t := r.memory
	wait, known := t.Flow.wait(t.Progress.Backlog)
	switch {
	case t.Objective.MaxAge <= 0, t.Consumers.Connected == 0, known && wait < t.Objective.MaxAge, t.Flow.shrinking():
		t.Growth.Since = 0
	case !t.Growth.Since.Known() && known && t.Flow.growing() && !mayStall(t):
		t.Growth.Since = t.Flow.first().At
	}
}

// mayStall reports whether most messages wait in partitions that do not advance: whether
// those are slow or stalled is not known yet.
func mayStall(t *queueMemory) bool {
	var still int64
	for i := range t.Progress.Partitions {
		p := &t.Progress.Partitions[i]
		if p.StuckSince.Known() && p.seenFor(p.StuckSince, t.Flow.last().At) >= t.Objective.MaxAge/2 {
			still += p.Waiting
		}
	}
	return 2*still > t.Progress.Backlog
}

func decideBacklogGrowing(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.memory.queues[q.QueueID]
		if !t.Growth.Since.Known() || !t.Flow.full() || v.needsNoConsumers(q) {
			continue
		}
		backlog := t.Progress.Backlog
		wait, known := t.Flow.wait(backlog)
		if !known {
			continue // nothing advances any more, which is another mode
		}
		c := Case{
			Subject: queueSubject(q.QueueID), Severity: signal.Warning, Count: backlog,
			Since: t.Growth.Since, DecidableAt: t.Flow.last().At, Orders: q.Sample,
			Summary: fmt.Sprintf("Messages arrive faster than they are processed: one that arrives now waits %s, and the objective is %s.",
				phrase.Duration(wait), phrase.Duration(q.Objective.MaxAge)),
			Evidence: signal.Evidence{
				signal.CountFact("waiting_messages", backlog),
				signal.RateFact("arrivals", t.Flow.arrivals()),
				signal.RateFact("drain_rate", t.Flow.drain()).With(signal.AtMost),
				signal.DurationFact("measured_over", t.Flow.lasted()),
				signal.DurationFact("next_message_waits", wait),
				signal.DurationFact("objective_max_age", q.Objective.MaxAge),
			},
		}
		c.Evidence = append(c.Evidence, oldestMessageAge(q.Oldest, v.at)...)
		if decidable(q.Oldest) && q.Oldest.At(v.at) >= q.Objective.MaxAge {
			c.Severity = signal.Critical // it is no longer a forecast
		}
		c.Evidence = append(c.Evidence, connectedConsumers(q)...)
		cases = append(cases, c)
	}
	return cases
}
