package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// observeUnused remembers since when a queue has had no consumer. A client that takes a
// message without subscribing uses it too.
func (t *expiring) observeUnused(r *queueReading) {
	used := r.memory.Consumers.Connected != 0 || r.memory.Progress.drained > 0
	switch {
	case used || r.rebase:
		t.UnusedSince = 0
	case !t.UnusedSince.Known():
		t.UnusedSince = r.at
	}
}

// queueExpires is the case of a queue that the broker deletes with its messages because it
// has no consumer.
func queueExpires(v *view, q *signal.Queue, t *queueMemory) (Case, threat, bool) {
	expires, unused := q.Setup.ExpiresUnused, t.Expiring.UnusedSince
	if expires <= 0 || !unused.Known() || q.Consumers != 0 || q.Ready <= 0 {
		return Case{}, threat{}, false
	}
	lasted := v.at.Sub(unused)
	if lasted > expires+blindAfter*(v.report.Interval+v.report.Duration) {
		return Case{}, threat{}, false // a client keeps it alive by declaring it or asking for messages
	}
	worst := threat{in: max(0, expires-lasted), count: int64(q.Ready)}
	if lasted < expires/2 || worst.in > longestAhead {
		return Case{}, worst, true
	}
	half := unused.Add(expires / 2)
	return Case{
		Subject: queueSubject(q.QueueID), Severity: t.Consumers.severity(), Count: worst.count, Orders: q.Sample,
		Since: half, DecidableAt: half,
		Summary: fmt.Sprintf("The queue has no consumer, and the broker deletes it in %s with %s.", phrase.Duration(worst.in), phrase.Count(int(worst.count), "message")),
		Evidence: signal.Evidence{
			signal.DurationFact("removed_in", worst.in).With(signal.AtMost),
			signal.CountFact("waiting_messages", worst.count),
			signal.CountFact("consumers", 0),
			signal.DurationFact("no_consumer_for", lasted.Round(time.Millisecond)).With(signal.AtLeast),
			signal.DurationFact("expires_unused_after", expires),
		},
	}, worst, true
}
