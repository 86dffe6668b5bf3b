package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// holds reports whether a queue holds messages for a known time and then passes them on by
// itself.
func holds(q *signal.Queue) bool { return q.Purpose.Role == signal.RoleDelay && q.Delay > 0 }

// heldAgeKnown reports whether the reading shows how long messages are held, or that there
// are none.
func heldAgeKnown(q *signal.Queue) bool {
	return decidable(q.Oldest) || q.Ready.Add(q.InFlight) == 0
}

// passingOn is how much longer than its delay a message may be held: its age and the counts
// are a little late, and to pass on a message takes time.
func passingOn(q *signal.Queue, interval time.Duration) time.Duration {
	return max(q.Delay/10, q.CounterDelay+2*interval)
}

// heldTooLong is the case of a queue of delay that did not pass on a message when its time
// was over. A message with a long time of its own may be before it, a client may hold it, or
// the broker cannot deliver it to the next queue.
func heldTooLong(v *view, q *signal.Queue) (Case, bool) {
	if !holds(q) || !decidable(q.Oldest) {
		return Case{}, false
	}
	age, slack := q.Oldest.At(v.at), passingOn(q, v.report.Interval+v.report.Duration)
	held := q.Ready.Add(q.InFlight)
	if held <= 0 || age < q.Delay+slack {
		return Case{}, false
	}
	due := q.Oldest.Since.Add(q.Delay)
	c := Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Warning, Count: int64(held), Orders: q.Sample,
		Since: due, DecidableAt: due.Add(slack),
		Summary:  fmt.Sprintf("The queue delays messages by %s, and the oldest has been in it for %s.", phrase.Duration(q.Delay), phrase.Duration(age)),
		Evidence: oldestMessageAge(q.Oldest, v.at),
	}
	if age > 2*q.Delay+slack {
		c.Severity = signal.Critical
	}
	c.Evidence = append(c.Evidence,
		signal.DurationFact("delay", q.Delay),
		signal.DurationFact("late_for", v.at.Sub(due)),
		signal.CountFact("waiting_messages", int64(held)))
	if q.InFlight > 0 {
		c.Evidence = append(c.Evidence, signal.CountFact("held_by_consumers", int64(q.InFlight)))
	}
	c.Evidence = append(c.Evidence, connectedConsumers(q)...)
	c.Evidence = append(c.Evidence, signal.TextFact("what_to_look_for",
		"a message with a longer delay of its own at the head, which holds back all after it; a client that holds messages; a next queue that refuses them"))
	return c, true
}
