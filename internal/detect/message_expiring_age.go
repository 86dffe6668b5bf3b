package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// agingFrom is the part of its retention that a head must have waited before it is
// followed: nearly all are read long before.
const agingFrom = 8

// aging is how fast messages of a partition were processed lately. It is kept only
// where the head has waited long, so that it costs nothing elsewhere.
type aging struct {
	First, Later offsetAt
	Committed    int64 // at the last reading
	Reported     bool  // it was near enough to be reported, and still threatens
}

// offsetAt is the committed offset of a partition at one moment.
type offsetAt struct {
	At        signal.Instant
	Committed int64
}

// rate returns how many messages a second were processed since then.
func (o *offsetAt) rate(committed int64, at signal.Instant) float64 {
	if at <= o.At {
		return 0
	}
	return float64(committed-o.Committed) / at.Sub(o.At).Seconds()
}

// agingWindow is how long a head is observed before its rate counts.
func agingWindow(q *signal.Queue) time.Duration {
	window := q.Setup.Retention / agingFrom
	if q.Objective.MaxAge > 0 {
		window = min(window, q.Objective.MaxAge)
	}
	return max(window, q.CounterDelay)
}

// undecided reports whether the head of a partition that is aging has no age in the
// reading, or was not observed for long enough.
func (t *expiring) undecided(q *signal.Queue, at signal.Instant) bool {
	for i := range q.Partitions {
		p := &q.Partitions[i]
		a, aging := t.Aging[p.ID]
		if aging && p.End >= 0 && p.Lag() > 0 && (!decidable(p.Head) || at.Sub(a.First.At) < agingWindow(q)) {
			return true
		}
	}
	return false
}

// observeAging takes how old the heads of the queue are.
func (t *expiring) observeAging(r *queueReading) {
	q := r.Queue
	if q.Setup == nil && len(t.Aging) > 0 {
		return // not read
	}
	keeps := retention(q)
	if keeps == 0 {
		t.Aging = nil
		return
	}
	for i := range q.Partitions {
		p, waits := &q.Partitions[i], r.memory.Progress.Partitions[i].Waiting
		a, known := t.Aging[p.ID]
		if p.End < 0 || known && waits > 0 && !decidable(p.Head) {
			continue // not read
		}
		if waits == 0 || !decidable(p.Head) || p.Head.At(r.at) < keeps/agingFrom {
			delete(t.Aging, p.ID)
			continue
		}
		now := offsetAt{At: r.at, Committed: p.Committed}
		switch {
		case !known || r.rebase && !a.Reported || p.Committed < a.Committed:
			a = aging{First: now, Later: now}
		case r.at.Sub(a.Later.At) >= agingWindow(q):
			a.First, a.Later = a.Later, now
		}
		if t.Aging == nil {
			t.Aging = map[int32]aging{}
		}
		a.Committed = p.Committed
		one, threatens := a.toLoss(q, p, waits, r.at)
		near := min(keeps/2, longestAhead)
		if a.Reported {
			near *= 2 // a rate varies a little; the finding must not open and close with it
		}
		a.Reported = threatens && one.aged >= keeps/2 && one.in <= near
		t.Aging[p.ID] = a
	}
}

// toLoss returns when the broker will remove the head of a partition. At the rate of
// consumption, the last message that waits would be reached too late, and the head grows
// older: the times of the messages that wait lie as far apart as the head is old.
func (a *aging) toLoss(q *signal.Queue, p *signal.Partition, waits int64, at signal.Instant) (threat, bool) {
	if over := at.Sub(a.First.At); over < agingWindow(q) || over <= 0 || !decidable(p.Head) {
		return threat{}, false
	}
	// Of consumers that have only just come back, the latest rate counts.
	drain := max(a.First.rate(p.Committed, at), a.Later.rate(p.Committed, at))
	keeps, age := q.Setup.Retention, p.Head.At(at)
	left, pace := max(0, keeps-age), 1.0
	if drain > 0 {
		through := float64(waits) / drain
		if pace = 1 - age.Seconds()/through; pace <= 0 || through < left.Seconds() {
			return threat{}, false
		}
	}
	in := time.Duration(min(left.Seconds()/pace, keeps.Seconds()) * float64(time.Second))
	return threat{in: in, aged: age, drain: drain, count: waits}, true
}

// tooOld is the case of heads that grow old. It is empty while it is too early to report
// it.
func tooOld(v *view, q *signal.Queue, t *queueMemory) (c Case, worst threat, threatened bool) {
	if len(t.Expiring.Aging) == 0 {
		return c, worst, false
	}
	keeps := q.Setup.Retention
	var positions []string
	for i := range q.Partitions {
		p := &q.Partitions[i]
		a, known := t.Expiring.Aging[p.ID]
		if !known || p.End < 0 {
			continue
		}
		one, ok := a.toLoss(q, p, t.Progress.Partitions[i].Waiting, v.at)
		if !ok {
			continue
		}
		if !threatened || one.in < worst.in {
			worst, threatened = one, true
		}
		if !a.Reported {
			continue
		}
		c.Count += one.count
		c.Since = earlier(c.Since, p.Head.Since.Add(keeps/2))
		if len(positions) < maxListed {
			positions = append(positions, position(p))
		}
	}
	if c.Count == 0 {
		return Case{}, worst, threatened
	}
	c.Subject, c.Severity, c.Orders, c.DecidableAt = queueSubject(q.QueueID), t.Consumers.severity(), q.Sample, v.at // the rates of this reading decide it
	c.Summary = fmt.Sprintf("At the current consumption rate, the broker removes the oldest message in %s while %s.", phrase.Duration(worst.in), waiting(c.Count))
	c.Evidence = signal.Evidence{
		signal.DurationFact("removed_in", worst.in),
		signal.DurationFact("oldest_message_age", worst.aged).With(q.Oldest.Bound),
		removedAtAge(q),
		signal.RateFact("drain_rate", worst.drain),
		signal.CountFact("waiting_messages", c.Count),
	}
	if q.Semantics.Get().Log {
		c.Evidence = append(c.Evidence, signal.ListFact("position", positions...))
	}
	return c, worst, true
}

// removedAtAge is the age at which messages are removed. Whole segments are removed later.
func removedAtAge(q *signal.Queue) signal.Fact {
	f := signal.DurationFact("removed_at_age", q.Setup.Retention)
	if q.Semantics.Get().RemovesSegments {
		return f.With(signal.AtLeast)
	}
	return f
}
