package detect

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// trims is how many removals tell how a log is trimmed: of fewer nobody knows whether
// the reader keeps ahead.
const trims = 3

// trimming is how the broker removed from the beginning of a partition that may hold
// only so many bytes, a segment at a time. How many bytes a message has nobody needs to
// know: the log itself shows how far its beginning goes, and how near it came to the
// reader. It is kept only where the reader lags by much of the log.
type trimming struct {
	marks [trims]trim
	n     int
	start int64 // at the last reading
	told  bool
}

// trim is one removal.
type trim struct {
	at    signal.Instant
	start int64 // of the log after it
	room  int64 // messages between there and the reader
}

// watchTrimming takes in where the logs of the queue begin.
func (t *queueTrack) watchTrimming(q *signal.Queue, at signal.Instant, rebase bool) {
	if !q.Semantics.Get().RemovesSegments || q.Setup == nil || q.Setup.MaxBytes <= 0 || t.consumers == 0 || rebase {
		t.trimming = nil
		return
	}
	for i := range q.Partitions {
		p := &q.Partitions[i]
		if p.End < 0 {
			continue
		}
		if room := p.Committed - p.Start; p.Committed < 0 || room < 0 || t.partitions[i].waiting <= (p.End-p.Start)/4 {
			delete(t.trimming, p.ID)
			continue
		}
		if t.trimming == nil {
			t.trimming = map[int32]trimming{}
		}
		now, known := t.trimming[p.ID]
		now.observe(p, at, known)
		one, threatens := now.toLoss(p, at, t.partitions[i].waiting)
		near, enough := fullAhead, (p.End-p.Start)/2
		if now.told {
			near, enough = 2*near, 0 // as with ages
		}
		now.told = threatens && one.in <= near && one.count >= enough
		t.trimming[p.ID] = now
	}
}

func (t *trimming) observe(p *signal.Partition, at signal.Instant, known bool) {
	switch {
	case !known || p.Start < t.start: // made anew
		*t = trimming{}
	case p.Start > t.start:
		if t.n == trims {
			copy(t.marks[:], t.marks[1:])
			t.n--
		}
		t.marks[t.n] = trim{at: at, start: p.Start, room: p.Committed - p.Start}
		t.n++
	}
	t.start = p.Start
}

// toLoss returns when the beginning of the log will have come to the reader, if each
// removal comes as much nearer as the last ones did, and as soon.
func (t *trimming) toLoss(p *signal.Partition, at signal.Instant, waiting int64) (threat, bool) {
	first, middle, last := &t.marks[0], &t.marks[1], &t.marks[trims-1]
	if t.n < trims || first.room <= middle.room || middle.room <= last.room {
		return threat{}, false
	}
	every, since := last.at.Sub(first.at)/(trims-1), at.Sub(last.at)
	if since > trims*every {
		return threat{}, false // little comes any more, and so little has to go
	}
	if next := p.Committed - last.start - (last.start-first.start)/(trims-1); next >= last.room {
		return threat{}, false // the reader has gone ahead of the next removal
	}
	removals := last.room*(trims-1)/(first.room-last.room) + 1
	if removals > int64(longestAhead/max(every, time.Second)) {
		return threat{}, false
	}
	return threat{in: max(0, time.Duration(removals)*every-since), count: waiting}, true
}

// tooMuch tells of a log that may hold only so many bytes and is trimmed faster than
// it is read.
func tooMuch(v *view, q *signal.Queue, t *queueTrack) (c Case, worst threat, threatened bool) {
	var where []string
	for i := range q.Partitions {
		trimmed, known := t.trimming[q.Partitions[i].ID]
		if !known || q.Partitions[i].End < 0 {
			continue
		}
		one, ok := trimmed.toLoss(&q.Partitions[i], v.at, t.partitions[i].waiting)
		if !ok {
			continue
		}
		if !threatened || one.in < worst.in {
			worst, threatened = one, true
		}
		if !trimmed.told {
			continue
		}
		c.Count += one.count
		if since := trimmed.marks[0].at; !c.Since.Known() || since < c.Since {
			c.Since, c.DecidableAt = since, trimmed.marks[trims-1].at
		}
		if len(where) < maxRanges {
			where = append(where, partitionPosition(&q.Partitions[i]))
		}
	}
	if c.Count == 0 {
		return Case{}, worst, threatened
	}
	c.Subject, c.Severity, c.Orders = queueSubject(q.QueueID), severityOf(t), q.Sample
	c.Evidence = signal.Evidence{
		{Name: "removed_in", Value: inWords(worst.in) + ", if as much comes and is taken off as now"},
		{Name: "keeps", Value: keeps(q.Setup) + " in each partition, beyond which the oldest segment is removed"},
		{Name: "waiting_messages", Value: fmt.Sprint(c.Count)},
		{Name: "position", Value: strings.Join(where, "; ")},
	}
	return c, worst, true
}

// keeps says how much a log may hold; what of it was the reason for a removal the broker
// does not say.
func keeps(s *signal.Setup) string {
	if s.Retention > 0 {
		return fmt.Sprintf("%d bytes, and what is younger than %s,", s.MaxBytes, inWords(s.Retention))
	}
	return fmt.Sprintf("%d bytes", s.MaxBytes)
}
