package kafka

import (
	"cmp"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// samplesPerReading bounds how many partitions are sampled. A result is valid until
	// the commit changes, so all partitions have their turn.
	samplesPerReading = 64
	// sampleAgain is when a partition is sampled again: one that showed nothing and has not
	// changed, because an open transaction may have ended, and one that showed few messages and
	// has more.
	sampleAgain = 30 * time.Second
)

// headSample is what fetches have shown between a committed offset and the end of a
// partition.
type headSample struct {
	committed int64
	next      int64 // nothing visible lies before it
	end       int64 // of the log, at the last fetch
	at        signal.Instant
	visible   bool
	stable    int64 // the last stable offset, at which the first open transaction begins; Unknown
	named     bool  // waiting was read behind an open transaction
	waiting   []signal.OrderRef
}

// sampleHeads reads what waits where a group has made no progress for long: messages, or
// only what no consumer ever sees.
func (r *reading) sampleHeads() {
	var fetches []*fetch
	var samples []*headSample
	place := r.config.orderIDPlace()
	for i := range r.queues {
		q := &r.queues[i]
		t := &r.topics[q.topic]
		parts := r.partsOf(q)
		past := r.history.queue(t, q.group.name, parts, r.now)
		objective := r.config.objective(t.name, q.group.name)
		patience := min(objective.MaxAge, objective.AbsentAfter) / 2
		for j := range parts {
			p := &parts[j]
			head := past.commits[p.ID].head(p)
			if head >= p.End || r.now.Sub(past.commits[p.ID].since) < patience {
				delete(past.samples, p.ID)
				continue
			}
			one := past.sample(p, head)
			if one.due(p, r.now) && len(fetches) < samplesPerReading && !r.history.denies(t.name) {
				one.end, one.at = p.End, r.now
				fetches = append(fetches, &fetch{topic: t, partition: p.ID, next: one.next, until: p.End, place: place})
				samples = append(samples, one)
			}
		}
	}
	r.fetchAll(fetches)
	for i, one := range fetches {
		samples[i].next = one.next
		if !one.done() {
			samples[i].at = 0 // the next reading resumes there
		}
		if one.denied {
			r.history.deny(one.topic.name, r.now)
		}
		if len(one.found) > 0 {
			samples[i].visible = true
			waiting := append(samples[i].waiting, refs(one.found)...)
			samples[i].waiting = waiting[:min(namesKept, len(waiting))]
		}
	}
	r.readOpenTransactions()
	for i := range r.queues {
		r.showSamples(&r.queues[i])
	}
}

// sample returns the sample of what waits in a partition from head on.
func (q *queuePast) sample(p *signal.Partition, head int64) *headSample {
	if q.samples == nil {
		q.samples = map[int32]*headSample{}
	}
	one := q.samples[p.ID]
	if one == nil || one.committed != p.Committed || one.end > p.End {
		one = &headSample{committed: p.Committed, next: head, stable: signal.Unknown}
		q.samples[p.ID] = one
	}
	one.next = max(one.next, p.Start)
	return one
}

// due reports whether a fetch can show something new.
func (k *headSample) due(p *signal.Partition, now signal.Instant) bool {
	switch {
	case k.next >= p.End:
		return false
	case k.visible: // more messages may have arrived behind those that are named
		return len(k.waiting) > 0 && len(k.waiting) < namesKept && now.Sub(k.at) >= sampleAgain
	}
	return k.end != p.End || now.Sub(k.at) >= sampleAgain
}

// showSamples puts the samples into the partitions of a queue.
func (r *reading) showSamples(q *queue) {
	past := r.history.queues[queueKey{r.topics[q.topic].name, q.group.name}]
	for j := q.from; j < q.to && len(past.samples) > 0; j++ {
		p := &r.parts[j]
		if one := past.samples[p.ID]; one != nil && one.committed == p.Committed {
			p.NothingToDeliver = !one.visible && one.next >= p.End
			q.waiting = append(q.waiting, one.waiting...)
			if one.held(p) {
				t := r.openTransaction(q, p, one)
				q.openTransactions = append(q.openTransactions, t)
				r.warnOpenTransaction(q, t)
			}
		}
	}
	slices.SortStableFunc(q.waiting, func(a, b signal.OrderRef) int { return cmp.Compare(a.Since, b.Since) })
	q.waiting = q.waiting[:min(namesKept, len(q.waiting))]
}
