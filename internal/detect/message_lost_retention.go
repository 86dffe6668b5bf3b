package detect

import (
	"github.com/lostorder/lostorder/internal/signal"
)

// retained is what is remembered of a queue that removes messages by age without counting
// them.
type retained struct {
	Unexplained signal.Unexplained // of the last reading that had one
	Head        signal.Age
	// OldAt is when a message was last near the age at which it is removed.
	OldAt signal.Instant

	// Base is what no counter explained before a message could be removed by age, as narrow as
	// the readings show it.
	Base                   signal.Unexplained
	Received, Acknowledged signal.Count // counters at that time
	Counted                int64        // lost since then
	Uncertain              int64        // by how much more may be lost
}

// uncertain returns by how much more may be lost than is counted.
func (k *retained) uncertain() int64 {
	if k == nil {
		return 0
	}
	return k.Uncertain
}

// observeRetained finds messages that were removed because they were too old. What arrived is
// deleted, given up to a dead letter queue, or in the queue; the rest was removed. The depth
// need not fall: messages may arrive as fast as they are removed.
func (t *losses) observeRetained(r *queueReading) {
	q := r.Queue
	if !q.Semantics.Get().RetentionShowsInDepth || retention(q) == 0 {
		return
	}
	if t.Retained == nil || r.rebase {
		t.Retained = &retained{}
	}
	k, u := t.Retained, q.Unexplained
	k.age(q, r.at)
	if !u.Known || u.At == k.Unexplained.At && u.Since == k.Unexplained.Since {
		return
	}
	if u.Since != k.Base.Since {
		k.Base = signal.Unexplained{} // the source counts from another moment
	}
	// What was removed until a message was last near that age shows at the next reading.
	young := !k.OldAt.Known() || k.Unexplained.At > k.OldAt.Add(r.interval)
	k.Unexplained = u
	if !k.Base.Known || young {
		k.rebase(q)
		return
	}
	least := u.Least - k.Base.Most - k.givenUp(q)
	k.Uncertain = max(0, u.Most-k.Base.Least-max(k.Counted, least))
	if least > k.Counted {
		t.loseCounted(Retention, least-k.Counted, u.At)
		k.Counted = least
	}
}

// age remembers whether a message may be removed now or soon. Its age is known late.
func (k *retained) age(q *signal.Queue, at signal.Instant) {
	switch head := sentAge(q); {
	case decidable(head):
		k.Head = head
	case q.Ready.Add(q.InFlight).Add(q.Delayed) == 0:
		k.Head = signal.Age{}
	}
	if decidable(k.Head) && k.Head.At(at)+q.CounterDelay/2 >= retention(q) {
		k.OldAt = at
	}
}

// sentAge is since when the oldest message exists; it may have been due later.
func sentAge(q *signal.Queue) signal.Age {
	if len(q.Partitions) == 1 && q.Partitions[0].Head.Known() {
		return q.Partitions[0].Head
	}
	return q.Oldest
}

// rebase takes what is unexplained while nothing is removed by age: it stays the same, so that
// each reading narrows it. Something else that removes messages, such as a purge, moves it.
func (k *retained) rebase(q *signal.Queue) {
	u := k.Unexplained
	if least, most := max(u.Least, k.Base.Least), min(u.Most, k.Base.Most); k.Base.Known && least <= most {
		u.Least, u.Most = least, most
	}
	k.Base, k.Counted = u, 0
	k.Received, k.Acknowledged = max(0, q.Received), max(0, q.Acknowledged)
}

// givenUp returns how many messages went to a dead letter queue at most: each was received until
// its limit was reached.
func (k *retained) givenUp(q *signal.Queue) int64 {
	if q.Setup.MaxDeliveries <= 0 || q.Setup.DeadLettering.Route == signal.RouteNone {
		return 0
	}
	failed := max(0, q.Received-k.Received) - max(0, q.Acknowledged-k.Acknowledged)
	return int64(max(0, failed)) / int64(q.Setup.MaxDeliveries)
}
