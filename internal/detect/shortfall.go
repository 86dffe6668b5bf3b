package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// shortKept is for how long it is remembered what is short in a queue: longer than
// from one reading of the broker's counters of losses to the next.
const shortKept = 3 * time.Minute

// shortfall is how many messages are short in a queue that keeps count: published,
// neither acknowledged nor there. It may be what the broker dropped, what an operator
// purged, or that one count is a moment older than the other; alone it proves nothing.
type shortfall struct {
	at       signal.Instant
	messages int64 // negative where a count caught up
}

// balance is the counts of the last reading.
type balance struct {
	known     bool
	published signal.Count
	done      int64
	depth     int64
}

// weigh compares what came, went and waits with the last reading.
func (t *queueTrack) weigh(q *signal.Queue, at signal.Instant, rebase bool) {
	if !q.Semantics.Get().CountersBalance || len(q.Partitions) != 1 || q.Partitions[0].End < 0 {
		return
	}
	p, before := &q.Partitions[0], t.balance
	t.balance = balance{known: true, published: q.Published, done: p.Committed, depth: p.End - p.Committed}
	for len(t.short) > 0 && at.Sub(t.short[0].at) > shortKept {
		t.short = t.short[1:]
	}
	published := signal.Count(0) // of what was never counted nothing came
	switch {
	case !before.known || rebase || p.Committed < before.done || q.Published < before.published:
		t.short = nil // counters that began again
		return
	case q.Published.Known() && before.published.Known():
		published = q.Published - before.published
	case q.Published.Known() && before.done == 0:
		published = q.Published // of a new queue the first that came is told a little later
	case q.Published.Known():
		return
	}
	if n := int64(published) - (p.Committed - before.done) - (t.balance.depth - before.depth); n != 0 {
		t.short = append(t.short, shortfall{at, n})
	}
}

// shortBy returns how many messages are short, as far as it was not explained yet.
func (t *queueTrack) shortBy() (messages int64) {
	for _, s := range t.short {
		messages += s.messages
	}
	return max(0, messages)
}

// explain takes note that some of what is short was lost.
func (t *queueTrack) explain(messages int64, at signal.Instant) {
	t.short = append(t.short, shortfall{at, -messages})
}
