package detect

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// messageExpiring: the broker will remove messages before anybody has processed
// them, if they are taken off as they are today: they will be too old, the queue
// too long, or the log too large. It is told once half of the time or room is used up and the rest will
// not do, at most a day before.
var messageExpiring = Decision{
	Mode:        signal.MessageExpiring,
	Description: "At the rate at which they are taken off, messages will be removed before they are processed.",
	BenignTwin:  "An old backlog that is worked off in time, a deploy, messages that go to a dead letter queue when they expire, a compacted topic.",
	judge:       judgeMessageExpiring,
}

const (
	// longestAhead is how long before a loss it is told at most: the rates of today
	// do not hold for ever.
	longestAhead = 24 * time.Hour
	// fullAhead is the same for a queue that will be full, whose room says nothing of
	// time.
	fullAhead = time.Hour
)

func judgeMessageExpiring(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		if q.Setup == nil || v.deadLetters(q) {
			continue
		}
		t := v.history.queues[q.QueueID]
		nearest, threatens := time.Duration(0), false
		for _, judge := range []func(*view, *signal.Queue, *queueTrack) (Case, threat, bool){tooOld, tooLate, tooMany, tooMuch} {
			c, worst, threatened := judge(v, q, t)
			if !threatened {
				continue
			}
			if !threatens || worst.in < nearest {
				nearest, threatens = worst.in, true
			}
			if c.Count > 0 {
				cases = append(cases, c)
				break
			}
		}
		if threatens {
			v.threaten(q.QueueID, nearest)
		}
	}
	for i := range v.report.DeadLetters {
		if c, ok := deadLettersExpire(v, &v.report.DeadLetters[i]); ok {
			cases = append(cases, c)
		}
	}
	return cases
}

// tooOld tells of heads that grow old. The case is empty while it is too early to say so.
func tooOld(v *view, q *signal.Queue, t *queueTrack) (c Case, worst threat, threatened bool) {
	if len(t.aging) == 0 {
		return c, worst, false
	}
	keeps := q.Setup.Retention
	var where []string
	for i := range q.Partitions {
		a, known := t.aging[q.Partitions[i].ID]
		if !known || q.Partitions[i].End < 0 {
			continue
		}
		one, ok := t.toLoss(q, i, a, v.at)
		if !ok {
			continue
		}
		if !threatened || one.in < worst.in {
			worst, threatened = one, true
		}
		if !a.told {
			continue
		}
		c.Count += one.count
		if since := q.Partitions[i].Head.Since.Add(keeps / 2); !c.Since.Known() || since < c.Since {
			c.Since = since
		}
		if len(where) < maxRanges {
			where = append(where, partitionPosition(&q.Partitions[i]))
		}
	}
	if c.Count == 0 {
		return Case{}, worst, threatened
	}
	c.Subject, c.Severity, c.Orders, c.DecidableAt = queueSubject(q.QueueID), severityOf(t), q.Sample, c.Since
	c.Evidence = signal.Evidence{
		{Name: "removed_in", Value: inWords(worst.in) + ", if messages are taken off as they are now"},
		{Name: "oldest_message_age", Value: inWords(worst.aged) + " (" + q.Oldest.Bound.String() + ")"},
		{Name: "removed_at_age", Value: removedAt(q)},
		{Name: "taken_off", Value: rateInWords(worst.drain)},
		{Name: "waiting_messages", Value: fmt.Sprint(c.Count)},
	}
	if q.Semantics.Get().Log {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "position", Value: strings.Join(where, "; ")})
	}
	return c, worst, true
}

// removedAt says at which age messages are removed. Whole segments are removed later.
func removedAt(q *signal.Queue) string {
	if q.Semantics.Get().RemovesSegments {
		return inWords(q.Setup.Retention) + " at the earliest"
	}
	return inWords(q.Setup.Retention)
}

// tooLate tells of a queue so long that a message that comes now will be too old when
// its turn comes, where the age of the head is not known.
func tooLate(v *view, q *signal.Queue, t *queueTrack) (Case, threat, bool) {
	keeps := retention(q)
	wait, known := t.flow.wait(t.backlog)
	if keeps == 0 || q.Oldest.Bound == signal.Measured || !known || !t.flow.steady() || wait < keeps {
		return Case{}, threat{}, false
	}
	worst := threat{in: max(0, keeps-q.Oldest.At(v.at)), drain: t.flow.drain(), count: t.backlog}
	return Case{
		Subject: queueSubject(q.QueueID), Severity: severityOf(t), Count: t.backlog, Orders: q.Sample,
		Since: t.flow.first().at, DecidableAt: t.flow.last().at,
		Evidence: signal.Evidence{
			{Name: "removed_in", Value: "at most " + inWords(worst.in)},
			{Name: "next_message_waits", Value: inWords(wait)},
			{Name: "removed_at_age", Value: inWords(keeps)},
			{Name: "taken_off", Value: rateInWords(worst.drain) + " at best"},
			{Name: "waiting_messages", Value: fmt.Sprint(t.backlog)},
		},
	}, worst, true
}

// room returns how many messages a queue may hold, and the bound that says so; Unknown
// where none is known. Of a bound in bytes it is as many as fit in if they are as large
// as those that wait.
func room(q *signal.Queue) (messages signal.Count, bound signal.Fact) {
	messages = signal.Unknown
	if most := q.Setup.MaxMessages; most > 0 {
		messages = most
		bound = signal.Fact{Name: "max_length", Value: fmt.Sprintf("%d, beyond which the oldest are removed", most)}
	}
	if most := q.Setup.MaxBytes; most > 0 && q.ReadyBytes > 0 && q.Ready > 0 {
		fit := signal.Count(float64(most) / float64(q.ReadyBytes) * float64(q.Ready))
		if !messages.Known() || fit < messages {
			messages = fit
			bound = signal.Fact{Name: "max_length_bytes", Value: fmt.Sprintf("%d, of which %d are used, and beyond which the oldest messages are removed", most, q.ReadyBytes)}
		}
	}
	return messages, bound
}

// tooMany tells of a queue that grows and will remove its oldest to make room.
func tooMany(_ *view, q *signal.Queue, t *queueTrack) (Case, threat, bool) {
	room, bound := room(q)
	if room <= 0 || !q.Setup.DropsHead || passesOn(q) || !q.Ready.Known() || q.Ready < room/2 || !t.flow.growing() {
		return Case{}, threat{}, false
	}
	grows := float64(t.flow.last().depth-t.flow.first().depth) / t.flow.lasted().Seconds()
	worst := threat{in: time.Duration(min(float64(max(0, room-q.Ready))/grows, (2*fullAhead).Seconds()) * float64(time.Second)), count: t.backlog}
	if worst.in > fullAhead {
		return Case{}, worst, true
	}
	return Case{
		Subject: queueSubject(q.QueueID), Severity: severityOf(t), Count: t.backlog, Orders: q.Sample,
		Since: t.flow.first().at, DecidableAt: t.flow.last().at,
		Evidence: signal.Evidence{
			{Name: "removed_in", Value: inWords(worst.in) + ", if the queue grows as it does now"},
			{Name: "waiting_messages", Value: fmt.Sprintf("%d, %d of them not delivered", t.backlog, q.Ready)},
			bound,
			{Name: "grows_by", Value: rateInWords(grows)},
		},
	}, worst, true
}

// deadLettersExpire finds dead letters that the broker will remove before an operator
// handles them. Where a dead letter keeps its age, a dead letter queue with a retention no
// longer than its source's removes it when the source would have, however recently it
// arrived.
func deadLettersExpire(v *view, d *signal.DeadLetterQueue) (Case, bool) {
	if d.Messages <= 0 || d.Retention <= 0 || v.passesOn(d) {
		return Case{}, false
	}
	id := signal.QueueID{System: d.System, Cluster: d.Cluster, Destination: d.Destination}
	age, in := time.Duration(0), d.Retention
	if decidable(d.Oldest) {
		age = d.Oldest.At(v.at)
		in = max(0, d.Retention-age)
		v.threaten(id, in)
	}
	t := v.history.dlqs[d.Destination]
	c := Case{
		Subject: queueSubject(id), Severity: signal.Warning, Count: int64(d.Messages),
		Since: t.filledSince, DecidableAt: t.filledSince,
	}
	c.Evidence = signal.Evidence{
		{Name: "dead_letters", Value: fmt.Sprint(d.Messages)},
		{Name: "removed_at_age", Value: inWords(d.Retention)},
	}
	if age > 0 {
		c.Evidence = append(c.Evidence,
			signal.Fact{Name: "oldest_message_age", Value: inWords(age) + " (" + d.Oldest.Bound.String() + ")"},
			signal.Fact{Name: "removed_in", Value: inWords(in)})
	}
	keepsAge := d.KeepsAge && d.SourceRetention > 0
	switch {
	case keepsAge && d.Retention <= d.SourceRetention:
		c.Evidence = append(c.Evidence, signal.Fact{
			Name:  "retention_of_source",
			Value: inWords(d.SourceRetention) + "; dead letters keep the time at which they were first sent, so keep them for longer than that, which is 14 days at best, or the source's for less",
		})
	case age >= d.Retention/2 && in <= min(d.Retention/2, longestAhead):
		if half := d.Oldest.Since.Add(d.Retention / 2); half > c.Since {
			c.Since, c.DecidableAt = half, half
		}
	default:
		return Case{}, false
	}
	return c, true
}

// passesOn reports whether the dead letter queue only holds messages back for a
// while before it gives them to another.
func (v *view) passesOn(d *signal.DeadLetterQueue) bool {
	for i := range v.report.Queues {
		if q := &v.report.Queues[i]; q.Destination == d.Destination && q.Setup != nil {
			return passesOn(q)
		}
	}
	return d.Semantics.Get().DeadLettersRemoved
}

// severityOf is how bad it is when messages of a queue are removed: those that
// nobody was ever seen to read may not be meant for anybody any more.
func severityOf(t *queueTrack) signal.Severity {
	if t.consumers == 0 && !t.attended {
		return signal.Warning
	}
	return signal.Critical
}
