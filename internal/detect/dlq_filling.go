package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// dlqFilling: messages are in a dead letter queue. It is critical while they
// arrive and a warning once they only stay there.
var dlqFilling = Decision{
	Mode:        signal.DLQFilling,
	Description: "Messages that could not be processed arrive in a dead letter queue, or stay there.",
	BenignTwin:  "An empty dead letter queue, one from which an operator took all messages, retries that succeed.",
	observe:     observeDLQFilling,
	decide:      decideDLQFilling,
	presence: func(v *view, s signal.Subject) presence {
		if d := v.deadLetterQueue(s); d != nil {
			return presentIf(d.Messages.Known())
		}
		return gone
	},
}

// arriving is how long after the last arrival messages count as arriving.
const arriving = 15 * time.Minute

// filling is what dlq_filling remembers of a dead letter queue.
type filling struct {
	Arrived     signal.Count // the broker's counter at the last reading
	LastArrival signal.Instant
	Arrivals    int64 // since it was last empty
}

func observeDLQFilling(v *view) {
	for i := range v.report.DeadLetters {
		d := &v.report.DeadLetters[i]
		t := &v.memory.deadLetters[d.Destination].Filling
		if d.Messages == 0 {
			t.LastArrival, t.Arrivals = 0, 0
		}
		if !d.Arrived.Known() {
			continue
		}
		// A counter that fell was reset: the queue was recreated.
		if t.Arrived.Known() && d.Arrived > t.Arrived && d.Messages != 0 {
			t.Arrivals += int64(d.Arrived - t.Arrived)
			t.LastArrival = v.at
		}
		t.Arrived = d.Arrived
	}
}

func decideDLQFilling(v *view) []Case {
	var cases []Case
	for i := range v.report.DeadLetters {
		d := &v.report.DeadLetters[i]
		if d.Messages <= 0 {
			continue
		}
		memory := v.memory.deadLetters[d.Destination]
		t := &memory.Filling
		c := Case{
			Subject: queueSubject(deadLetterID(d)), Severity: signal.Warning, Count: int64(d.Messages),
			Since: memory.FilledSince, DecidableAt: memory.FilledSince, Orders: d.Sample,
		}
		if d.Oldest.Bound == signal.Measured && d.Oldest.Since < c.Since {
			c.Since, c.DecidableAt = d.Oldest.Since, d.Oldest.Since
		}
		c.Summary = fmt.Sprintf("%s %s in a dead letter queue; none arrived in the last %s.", messages(c.Count), verb(c.Count, "stays", "stay"), phrase.Duration(arriving))
		c.Evidence = signal.Evidence{signal.CountFact("messages", c.Count)}
		if len(d.Sources) > 0 {
			c.Evidence = append(c.Evidence, signal.ListFact("source", d.Sources...))
		}
		if len(d.Reasons) > 0 {
			c.Evidence = append(c.Evidence, signal.ListFact("reasons", d.Reasons...))
		}
		if t.LastArrival.Known() {
			c.Evidence = append(c.Evidence,
				signal.CountFact("arrived", t.Arrivals),
				signal.MomentFact("last_arrival", t.LastArrival))
			if v.at.Sub(t.LastArrival) < arriving {
				c.Severity = signal.Critical
				c.Summary = fmt.Sprintf("Messages arrive in a dead letter queue: %s so far, %s in it now.", messages(t.Arrivals), messages(c.Count))
			}
		} else {
			c.Summary = fmt.Sprintf("%s %s in a dead letter queue.", messages(c.Count), verb(c.Count, "is", "are"))
		}
		c.Evidence = append(c.Evidence, oldestMessageAge(d.Oldest, v.at)...)
		cases = append(cases, c)
	}
	return cases
}
