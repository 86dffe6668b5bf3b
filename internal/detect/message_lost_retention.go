package detect

import (
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// removedByAge is messages that left a queue when its oldest had to be removed,
// until the counters show whether consumers deleted them.
type removedByAge struct {
	At       signal.Instant
	Messages int64
	Deleted  signal.Count // counters while the messages were still there
	Received signal.Count
}

// retainedReading is what one reading counted in such a queue.
type retainedReading struct {
	Depth             int64
	Deleted, Received signal.Count
}

// retained is what is remembered of a queue that removes messages by age and reports
// deletions late.
type retained struct {
	Last     [2]retainedReading // the latest last; the counts waver
	Seen     int
	Head     signal.Age
	Suspects []removedByAge
}

// observeRetained finds messages that were removed because they were too old: the oldest
// reached the age at which they are removed, the backlog shrank, and consumers did not
// delete that many, nor receive them so often that they became dead letters.
func (t *losses) observeRetained(r *queueReading) {
	q := r.Queue
	if !q.Semantics.Get().RetentionShowsInDepth || retention(q) == 0 || !q.Ready.Known() {
		return
	}
	if t.Retained == nil || r.rebase {
		t.Retained = &retained{}
	}
	k := t.Retained
	reading := retainedReading{int64(q.Ready.Add(q.InFlight).Add(q.Delayed)), max(0, q.Acknowledged), max(0, q.Received)}
	before, now := k.Last[0], max(k.Last[1].Depth, reading.Depth)
	if k.Seen >= 2 && now < before.Depth && decidable(k.Head) && k.Head.At(r.at)+q.CounterDelay/2 >= retention(q) {
		k.Suspects = append(k.Suspects, removedByAge{r.at, before.Depth - now, before.Deleted, before.Received})
	}
	k.Last = [2]retainedReading{k.Last[1], reading}
	k.Seen++
	if decidable(q.Oldest) {
		k.Head = q.Oldest
	}
	k.Suspects = slices.DeleteFunc(k.Suspects, func(s removedByAge) bool {
		if r.at.Sub(s.At) < q.CounterDelay+r.interval {
			return false
		}
		lost := s.Messages - int64(max(0, q.Acknowledged-s.Deleted))
		if q.Setup.MaxDeliveries.Known() {
			lost -= int64(max(0, q.Received-s.Received))
		}
		t.loseCounted(Retention, lost, s.At)
		return true
	})
}
