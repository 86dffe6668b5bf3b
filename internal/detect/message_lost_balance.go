package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// shortKept is for how long a shortfall of a queue is remembered: longer than
// from one reading of the broker's loss counters to the next.
const shortKept = 3 * time.Minute

// shortfall is how many messages are missing from a queue with counters: published,
// neither acknowledged nor in the queue. The broker may have dropped them, an operator may
// have purged them, or one count is a moment older than the other; alone it proves nothing.
type shortfall struct {
	At       signal.Instant
	Messages int64 // negative where a count caught up
}

// balance is the counts of the last reading.
type balance struct {
	Known     bool
	Published signal.Count
	Done      int64
	Depth     int64
}

// observeBalance compares what arrived, what was processed and what waits with the last
// reading.
func (t *losses) observeBalance(r *queueReading) {
	q := r.Queue
	if !q.Semantics.Get().CountersBalance || len(q.Partitions) != 1 || q.Partitions[0].End < 0 {
		return
	}
	p, before := &q.Partitions[0], t.Balance
	t.Balance = balance{Known: true, Published: q.Published, Done: p.Committed, Depth: p.End - p.Committed}
	for len(t.Short) > 0 && r.at.Sub(t.Short[0].At) > shortKept {
		t.Short = t.Short[1:]
	}
	published := signal.Count(0) // a queue without a counter received nothing
	switch {
	case !before.Known || r.rebase || p.Committed < before.Done || q.Published < before.Published:
		t.Short = nil // the counters restarted
		return
	case q.Published.Known() && before.Published.Known():
		published = q.Published - before.Published
	case q.Published.Known() && before.Done == 0:
		published = q.Published // the counter of a new queue appears a little after its first message
	case q.Published.Known():
		return
	}
	if n := int64(published) - (p.Committed - before.Done) - (t.Balance.Depth - before.Depth); n != 0 {
		t.Short = append(t.Short, shortfall{r.at, n})
	}
}

// shortBy returns how many messages are missing and not explained yet.
func (t *losses) shortBy() (messages int64) {
	for _, s := range t.Short {
		messages += s.Messages
	}
	return max(0, messages)
}

// explain records that some of the missing messages were lost.
func (t *losses) explain(messages int64, at signal.Instant) {
	t.Short = append(t.Short, shortfall{at, -messages})
}
