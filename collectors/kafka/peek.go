package kafka

import (
	"cmp"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// peeksPerReading bounds how many partitions are looked into; what was found
	// holds for as long as the commit does, so that all have their turn.
	peeksPerReading = 64
	// peekAgain is when a partition is looked into again that said nothing, though
	// nothing has moved: an open transaction may have ended.
	peekAgain = 30 * time.Second
)

// peek is what lies between a committed offset and the end of a partition.
type peek struct {
	committed int64
	next      int64 // nothing visible lies before it
	end       int64 // of the log, at the last look
	at        signal.Instant
	visible   bool
	waiting   []signal.OrderRef
}

// peekAtHeads looks at what waits where a group has made no progress for long: a
// message, or only what no reader ever sees.
func (r *reading) peekAtHeads() {
	var looks []*fetch
	var peeks []*peek
	for i := range r.queues {
		q := &r.queues[i]
		t := &r.topics[q.topic]
		parts := r.partsOf(q)
		past := r.history.queue(t, q.group.name, parts, r.now)
		objective := r.config.objective(t.name, q.group.name)
		patience := min(objective.MaxAge, objective.AbsentAfter) / 2
		for j := range parts {
			p := &parts[j]
			if p.Lag() == 0 || r.now.Sub(past.commits[p.ID].since) < patience {
				delete(past.peeks, p.ID)
				continue
			}
			one := past.peek(p)
			if one.due(p, r.now) && len(looks) < peeksPerReading && !r.history.refuses(t.name) {
				one.end, one.at = p.End, r.now
				looks = append(looks, &fetch{topic: t, partition: p.ID, next: one.next, until: p.End})
				peeks = append(peeks, one)
			}
		}
	}
	r.fetchAll(looks)
	for i, look := range looks {
		peeks[i].next = look.next
		if !look.done() {
			peeks[i].at = 0 // there is more, which is read in the next reading
		}
		if look.refused {
			r.history.refuse(look.topic.name, r.now)
		}
		if len(look.found) > 0 {
			peeks[i].visible = true
			if r.config.OrderID == orderIDKey {
				peeks[i].waiting = refs(look.found)
			}
		}
	}
	for i := range r.queues {
		r.showPeeks(&r.queues[i])
	}
}

// peek returns what is known of what waits in a partition.
func (q *queuePast) peek(p *signal.Partition) *peek {
	if q.peeks == nil {
		q.peeks = map[int32]*peek{}
	}
	one := q.peeks[p.ID]
	if one == nil || one.committed != p.Committed || one.end > p.End {
		one = &peek{committed: p.Committed, next: headOf(p)}
		q.peeks[p.ID] = one
	}
	one.next = max(one.next, p.Start)
	return one
}

// due reports whether a look can tell something new.
func (k *peek) due(p *signal.Partition, now signal.Instant) bool {
	if k.visible || k.next >= p.End {
		return false
	}
	return k.end != p.End || now.Sub(k.at) >= peekAgain
}

// showPeeks puts into a queue's partitions what was seen.
func (r *reading) showPeeks(q *queue) {
	past := r.history.queues[queueKey{r.topics[q.topic].name, q.group.name}]
	for j := q.from; j < q.to && len(past.peeks) > 0; j++ {
		p := &r.parts[j]
		if one := past.peeks[p.ID]; one != nil && one.committed == p.Committed {
			p.HeadInvisible = !one.visible && one.next >= p.End
			q.waiting = append(q.waiting, one.waiting...)
		}
	}
	slices.SortStableFunc(q.waiting, func(a, b signal.OrderRef) int { return cmp.Compare(a.Since, b.Since) })
	q.waiting = q.waiting[:min(namesKept, len(q.waiting))]
}
