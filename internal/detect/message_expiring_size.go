package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// trims is how many removals show how a log is trimmed: fewer do not show whether the
// consumers stay ahead.
const trims = 3

// trimming is how the broker removed segments from the beginning of a partition that may
// hold only so many bytes. The size of a message is not needed: the log itself shows how
// far its start advances, and how near it came to the consumers. It is kept only where the
// consumers lag by much of the log.
type trimming struct {
	Trims    [trims]trim
	N        int
	Start    int64 // at the last reading
	Reported bool
}

// trim is one removal.
type trim struct {
	At    signal.Instant
	Start int64 // of the log after it
	Room  int64 // messages between there and the committed offset
}

// observeTrimming takes where the logs of the queue begin.
func (t *expiring) observeTrimming(r *queueReading) {
	q := r.Queue
	if q.Setup == nil && len(t.Trimming) > 0 && !r.rebase {
		return // not read
	}
	if !q.Semantics.Get().RemovesSegments || q.Setup == nil || q.Setup.MaxBytes <= 0 || r.memory.Consumers.Connected == 0 || r.rebase {
		t.Trimming = nil
		return
	}
	for i := range q.Partitions {
		p, waits := &q.Partitions[i], r.memory.Progress.Partitions[i].Waiting
		if p.End < 0 {
			continue
		}
		if room := p.Committed - p.Start; p.Committed < 0 || room < 0 || waits <= (p.End-p.Start)/4 {
			delete(t.Trimming, p.ID)
			continue
		}
		if t.Trimming == nil {
			t.Trimming = map[int32]trimming{}
		}
		now, known := t.Trimming[p.ID]
		now.observe(p, r.at, known)
		one, threatens := now.toLoss(p, r.at, waits)
		near, enough := fullAhead, (p.End-p.Start)/2
		if now.Reported {
			near, enough = 2*near, 0 // as with ages
		}
		now.Reported = threatens && one.in <= near && one.count >= enough
		t.Trimming[p.ID] = now
	}
}

func (t *trimming) observe(p *signal.Partition, at signal.Instant, known bool) {
	switch {
	case !known || p.Start < t.Start: // recreated
		*t = trimming{}
	case p.Start > t.Start:
		if t.N == trims {
			copy(t.Trims[:], t.Trims[1:])
			t.N--
		}
		t.Trims[t.N] = trim{At: at, Start: p.Start, Room: p.Committed - p.Start}
		t.N++
	}
	t.Start = p.Start
}

// toLoss returns when the start of the log will reach the committed offset, if each
// removal comes as much nearer as the last ones did, at the same intervals.
func (t *trimming) toLoss(p *signal.Partition, at signal.Instant, waiting int64) (threat, bool) {
	first, middle, last := &t.Trims[0], &t.Trims[1], &t.Trims[trims-1]
	if t.N < trims || first.Room <= middle.Room || middle.Room <= last.Room {
		return threat{}, false
	}
	every, since := last.At.Sub(first.At)/(trims-1), at.Sub(last.At)
	if since > trims*every {
		return threat{}, false // few messages arrive any more, so few are removed
	}
	if next := p.Committed - last.Start - (last.Start-first.Start)/(trims-1); next >= last.Room {
		return threat{}, false // the consumers are ahead of the next removal
	}
	removals := last.Room*(trims-1)/(first.Room-last.Room) + 1
	if removals > int64(longestAhead/max(every, time.Second)) {
		return threat{}, false
	}
	return threat{in: max(0, time.Duration(removals)*every-since), count: waiting}, true
}

// tooMuch is the case of a log that may hold only so many bytes and is trimmed faster than
// it is read.
func tooMuch(v *view, q *signal.Queue, t *queueMemory) (c Case, worst threat, threatened bool) {
	var positions []string
	for i := range q.Partitions {
		trimmed, known := t.Expiring.Trimming[q.Partitions[i].ID]
		if !known || q.Partitions[i].End < 0 {
			continue
		}
		one, ok := trimmed.toLoss(&q.Partitions[i], v.at, t.Progress.Partitions[i].Waiting)
		if !ok {
			continue
		}
		if !threatened || one.in < worst.in {
			worst, threatened = one, true
		}
		if !trimmed.Reported {
			continue
		}
		c.Count += one.count
		if since := trimmed.Trims[0].At; !c.Since.Known() || since < c.Since {
			c.Since, c.DecidableAt = since, trimmed.Trims[trims-1].At
		}
		if len(positions) < maxListed {
			positions = append(positions, position(&q.Partitions[i]))
		}
	}
	if c.Count == 0 {
		return Case{}, worst, threatened
	}
	c.Subject, c.Severity, c.Orders = queueSubject(q.QueueID), t.Consumers.severity(), q.Sample
	c.Summary = fmt.Sprintf("At the current rates, the broker removes unread messages in %s, because the log exceeds its size; %s.", phrase.Duration(worst.in), waiting(c.Count))
	c.Evidence = signal.Evidence{
		signal.DurationFact("removed_in", worst.in),
		signal.TextFact("keeps", keeps(q.Setup)+" in each partition, beyond which the oldest segment is removed"),
		signal.CountFact("waiting_messages", c.Count),
		signal.ListFact("position", positions...),
	}
	return c, worst, true
}

// keeps describes how much a log may hold. The broker does not report which limit caused a
// removal.
func keeps(s *signal.Setup) string {
	if s.Retention > 0 {
		return fmt.Sprintf("%d bytes, and what is younger than %s,", s.MaxBytes, signal.DurationFact("", s.Retention).Value)
	}
	return fmt.Sprintf("%d bytes", s.MaxBytes)
}
