package detect

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// dlqFilling: messages sit in a dead letter queue. It is critical while they
// arrive and a warning once they only sit there.
var dlqFilling = Decision{
	Mode:        signal.DLQFilling,
	Description: "Messages that could not be processed arrive in a dead letter queue, or sit there.",
	BenignTwin:  "An empty dead letter queue, one whose messages were all taken out again, retries that succeed.",
	judge:       judgeDLQFilling,
}

// arriving is how long after the last arrival messages count as arriving.
const arriving = 15 * time.Minute

// dlqTrack is what is remembered of one dead letter queue.
type dlqTrack struct {
	at          signal.Instant
	arrived     signal.Count   // the broker's counter at the last reading
	filledSince signal.Instant // since when it was seen not to be empty
	lastArrival signal.Instant
	arrivals    int64 // since it was last empty
}

func (t *dlqTrack) observe(d *signal.DeadLetterQueue, at signal.Instant) {
	t.at = at
	if d.Messages == 0 {
		t.filledSince, t.lastArrival, t.arrivals = 0, 0, 0
	} else if d.Messages > 0 && !t.filledSince.Known() {
		t.filledSince = at
	}
	if d.Arrived.Known() {
		// A counter that fell was reset: the queue was made anew.
		if t.arrived.Known() && d.Arrived > t.arrived && d.Messages != 0 {
			t.arrivals += int64(d.Arrived - t.arrived)
			t.lastArrival = at
		}
		t.arrived = d.Arrived
	}
}

func judgeDLQFilling(v *view) []Case {
	var cases []Case
	for i := range v.report.DeadLetters {
		d := &v.report.DeadLetters[i]
		if d.Messages <= 0 {
			continue
		}
		t := v.history.dlqs[d.Destination]
		c := Case{
			Subject:  signal.Subject{System: d.System, Cluster: d.Cluster, Destination: d.Destination},
			Severity: signal.Warning, Count: int64(d.Messages),
			Since: t.filledSince, DecidableAt: t.filledSince, Orders: d.Sample,
		}
		if d.Oldest.Bound == signal.Measured && d.Oldest.Since < c.Since {
			c.Since, c.DecidableAt = d.Oldest.Since, d.Oldest.Since
		}
		c.Evidence = signal.Evidence{{Name: "messages", Value: fmt.Sprint(d.Messages)}}
		if len(d.Sources) > 0 {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "source", Value: strings.Join(d.Sources, ", ")})
		}
		if len(d.Reasons) > 0 {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "reasons", Value: strings.Join(d.Reasons, "; ")})
		}
		if t.lastArrival.Known() {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "arrived", Value: fmt.Sprintf("%d since it was empty or we began to look, the last %s ago", t.arrivals, inWords(v.at.Sub(t.lastArrival)))})
			if v.at.Sub(t.lastArrival) < arriving {
				c.Severity = signal.Critical
			}
		}
		if d.Oldest.Known() {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "oldest_message_age", Value: inWords(d.Oldest.At(v.at)) + " (" + d.Oldest.Bound.String() + ")"})
		}
		cases = append(cases, c)
	}
	return cases
}
