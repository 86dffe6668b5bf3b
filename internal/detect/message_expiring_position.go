package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// positionLate is how long after the time at which the broker may remove a position it does so
// at the latest. A position that outlives that is kept by something that is not read.
const positionLate = time.Hour

// positionExpires is the case of a group without consumers whose position the broker removes
// before the backlog is read. The messages stay, and a consumer that starts at the end where it
// finds no position skips them.
func positionExpires(v *view, q *signal.Queue, t *queueMemory) (Case, threat, bool) {
	if !q.PositionUntil.Known() || q.PositionKept <= 0 || q.Consumers != 0 || q.Ready <= 0 {
		return Case{}, threat{}, false
	}
	left := q.PositionUntil.Sub(v.at)
	if left > min(q.PositionKept/2, longestAhead) || left < -positionLate {
		return Case{}, threat{}, false
	}
	worst := threat{in: max(0, left), count: int64(q.Ready)}
	from := q.PositionUntil.Add(-min(q.PositionKept/2, longestAhead))
	return Case{
		Subject: queueSubject(q.QueueID), Severity: t.Consumers.severity(), Count: worst.count, Orders: q.Sample,
		Since: from, DecidableAt: from,
		Summary: fmt.Sprintf("The group has no consumer, and the broker removes its committed offsets in %s; a consumer that then starts at the end skips %s.", phrase.Duration(worst.in), messages(worst.count)),
		Evidence: signal.Evidence{
			signal.DurationFact("offsets_removed_in", worst.in).With(signal.AtMost),
			signal.CountFact("waiting_messages", worst.count),
			signal.CountFact("consumers", 0),
			signal.DurationFact("offsets_kept_for", q.PositionKept),
			signal.TextFact("harmless_if", "all consumers of the group start at the log start where they find no offset; what they had processed is then delivered again"),
		},
	}, worst, true
}
