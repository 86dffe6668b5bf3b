package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// messageExpiring: the broker will remove messages before they are processed, at the
// current consumption rate: they will be too old (message_expiring_age.go), the queue too
// long, or the log too large (message_expiring_size.go), or the queue itself expires
// (message_expiring_queue.go), or the position of the group (message_expiring_position.go). It is reported once half of the
// time or room is used up and the rest will not suffice, at most a day before.
var messageExpiring = Decision{
	Mode:         signal.MessageExpiring,
	Description:  "At the current consumption rate, messages will be removed before they are processed.",
	BenignTwin:   "An old backlog that is processed in time, a deploy, messages that go to a dead letter queue when they expire, a compacted topic, an empty queue that expires.",
	observeQueue: observeExpiring,
	decide:       decideMessageExpiring,
	presence:     expiringPresence,
}

const (
	// longestAhead is how long before a loss it is reported at most: the rates of today
	// do not last forever.
	longestAhead = 24 * time.Hour
	// fullAhead is the same for a queue that will be full, whose room has no time.
	fullAhead = time.Hour
)

// expiring is what message_expiring remembers of a queue.
type expiring struct {
	Aging    map[int32]aging    // by partition, of those whose head is old
	Trimming map[int32]trimming // by partition, of those that lag by much of a bounded log
	// UnusedSince is since when the queue has had no consumer; zero while it has.
	UnusedSince signal.Instant
}

func observeExpiring(r *queueReading) {
	t := &r.memory.Expiring
	t.observeAging(r)
	t.observeTrimming(r)
	t.observeUnused(r)
}

func expiringPresence(v *view, s signal.Subject) presence {
	q := v.queue(s)
	// A dead letter queue may be watched as a queue too, which nothing is decided from then.
	if d := v.deadLetterQueue(s); d != nil && (q == nil || v.needsNoConsumers(q)) {
		return presentIf(d.Messages == 0 || d.Messages > 0 && (decidable(d.Oldest) || expiresWithSource(d)))
	}
	switch {
	case q == nil:
		return gone
	case q.Setup == nil || !readAny(q):
		return unread
	}
	return presentIf(!v.memory.queues[q.QueueID].Expiring.undecided(q, v.at))
}

// threat is messages that will be removed unprocessed.
type threat struct {
	in    time.Duration // until the first of them is removed
	aged  time.Duration // how old the head is; 0 where its age is not what threatens
	drain float64       // messages processed a second
	count int64         // messages that wait
}

func decideMessageExpiring(v *view) []Case {
	v.memory.expiries = v.memory.expiries[:0]
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		if q.Setup == nil || v.needsNoConsumers(q) {
			continue
		}
		t := v.memory.queues[q.QueueID]
		nearest, threatens := time.Duration(0), false
		for _, decide := range []func(*view, *signal.Queue, *queueMemory) (Case, threat, bool){queueExpires, positionExpires, tooOld, tooLate, tooMany, tooMuch} {
			c, worst, threatened := decide(v, q, t)
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
			v.memory.expiries = append(v.memory.expiries, Expiry{QueueID: q.QueueID, In: nearest})
		}
	}
	for i := range v.report.DeadLetters {
		if c, ok := deadLettersExpire(v, &v.report.DeadLetters[i]); ok {
			cases = append(cases, c)
		}
	}
	return cases
}

// tooLate is the case of a queue so long that a message that arrives now will be too old
// when its turn comes, where the age of the head is not measured.
func tooLate(v *view, q *signal.Queue, t *queueMemory) (Case, threat, bool) {
	keeps, backlog := retention(q), t.Progress.Backlog
	wait, known := t.Flow.wait(backlog)
	if keeps == 0 || q.Oldest.Bound == signal.Measured || !known || !t.Flow.steady() || wait < keeps {
		return Case{}, threat{}, false
	}
	worst := threat{in: max(0, keeps-q.Oldest.At(v.at)), drain: t.Flow.drain(), count: backlog}
	return Case{
		Subject: queueSubject(q.QueueID), Severity: t.Consumers.severity(), Count: backlog, Orders: q.Sample,
		Since: t.Flow.first().At, DecidableAt: t.Flow.last().At,
		Summary: fmt.Sprintf("A message that arrives now waits %s, and the broker removes it after %s.", phrase.Duration(wait), phrase.Duration(keeps)),
		Evidence: signal.Evidence{
			signal.DurationFact("removed_in", worst.in).With(signal.AtMost),
			signal.DurationFact("next_message_waits", wait),
			signal.DurationFact("removed_at_age", keeps),
			signal.RateFact("drain_rate", worst.drain).With(signal.AtMost),
			signal.CountFact("waiting_messages", backlog),
		},
	}, worst, true
}

// room returns how many messages a queue may hold, and the facts about that bound; Unknown
// where there is none. A bound in bytes is as many messages as fit if they are as large
// as those that wait.
func room(q *signal.Queue) (messages signal.Count, bound signal.Evidence) {
	messages = signal.Unknown
	if most := q.Setup.MaxMessages; most > 0 {
		messages = most
		bound = signal.Evidence{signal.CountFact("max_length", int64(most))}
	}
	if most := q.Setup.MaxBytes; most > 0 && q.ReadyBytes > 0 && q.Ready > 0 {
		fit := signal.Count(float64(most) / float64(q.ReadyBytes) * float64(q.Ready))
		if !messages.Known() || fit < messages {
			messages = fit
			bound = signal.Evidence{
				signal.BytesFact("max_length_bytes", int64(most)),
				signal.BytesFact("used_bytes", int64(q.ReadyBytes)),
			}
		}
	}
	return messages, bound
}

// tooMany is the case of a queue that grows and will remove its oldest messages to make
// room.
func tooMany(_ *view, q *signal.Queue, t *queueMemory) (Case, threat, bool) {
	room, bound := room(q)
	if room <= 0 || !q.Setup.DropsHead || passesOn(q) || !q.Ready.Known() || q.Ready < room/2 || !t.Flow.growing() {
		return Case{}, threat{}, false
	}
	grows := float64(t.Flow.last().Depth-t.Flow.first().Depth) / t.Flow.lasted().Seconds()
	backlog := t.Progress.Backlog
	worst := threat{in: time.Duration(min(float64(max(0, room-q.Ready))/grows, (2*fullAhead).Seconds()) * float64(time.Second)), count: backlog}
	if worst.in > fullAhead {
		return Case{}, worst, true
	}
	c := Case{
		Subject: queueSubject(q.QueueID), Severity: t.Consumers.severity(), Count: backlog, Orders: q.Sample,
		Since: t.Flow.first().At, DecidableAt: t.Flow.last().At,
		Summary: fmt.Sprintf("The queue grows and is full in %s; it then removes its oldest messages.", phrase.Duration(worst.in)),
		Evidence: signal.Evidence{
			signal.DurationFact("removed_in", worst.in),
			signal.CountFact("waiting_messages", backlog),
			signal.CountFact("not_delivered", int64(q.Ready)),
		},
	}
	c.Evidence = append(c.Evidence, bound...)
	c.Evidence = append(c.Evidence, signal.RateFact("grows_by", grows))
	return c, worst, true
}

// expiresWithSource reports whether a dead letter queue keeps messages no longer than their
// source does, where a dead letter keeps its age. It then removes a message when the source
// would have, however recently it arrived.
func expiresWithSource(d *signal.DeadLetterQueue) bool {
	return d.KeepsAge && d.SourceRetention > 0 && d.Retention <= d.SourceRetention
}

// deadLettersExpire finds dead letters that the broker will remove before an operator
// handles them.
func deadLettersExpire(v *view, d *signal.DeadLetterQueue) (Case, bool) {
	if d.Messages <= 0 || d.Retention <= 0 || v.deadLettersPassOn(d) {
		return Case{}, false
	}
	id := deadLetterID(d)
	age, in := time.Duration(0), d.Retention
	if decidable(d.Oldest) {
		age = d.Oldest.At(v.at)
		in = max(0, d.Retention-age)
		v.memory.expiries = append(v.memory.expiries, Expiry{QueueID: id, In: in})
	}
	filled := v.memory.deadLetters[d.Destination].FilledSince
	c := Case{
		Subject: queueSubject(id), Severity: signal.Warning, Count: int64(d.Messages),
		Since: filled, DecidableAt: filled,
	}
	c.Summary = fmt.Sprintf("The broker removes dead letters after %s; %s %s in the queue.", phrase.Duration(d.Retention), messages(c.Count), verb(c.Count, "is", "are"))
	c.Evidence = signal.Evidence{
		signal.CountFact("dead_letters", c.Count),
		signal.DurationFact("removed_at_age", d.Retention),
	}
	if age > 0 {
		c.Summary = fmt.Sprintf("The broker removes the oldest dead letter in %s; %s %s in the queue.", phrase.Duration(in), messages(c.Count), verb(c.Count, "is", "are"))
		c.Evidence = append(c.Evidence, oldestMessageAge(d.Oldest, v.at)...)
		c.Evidence = append(c.Evidence, signal.DurationFact("removed_in", in))
	}
	switch {
	case expiresWithSource(d):
		c.Evidence = append(c.Evidence,
			signal.DurationFact("retention_of_source", d.SourceRetention),
			signal.TextFact("what_to_change", "dead letters keep the time at which they were first sent: keep them longer than their source keeps messages, 14 days at most, or shorten the retention of the source"))
	case age >= d.Retention/2 && in <= min(d.Retention/2, longestAhead):
		if half := d.Oldest.Since.Add(d.Retention / 2); half > c.Since {
			c.Since, c.DecidableAt = half, half
		}
	default:
		return Case{}, false
	}
	return c, true
}

// deadLettersPassOn reports whether a dead letter queue only delays messages before it
// passes them to another queue.
func (v *view) deadLettersPassOn(d *signal.DeadLetterQueue) bool {
	for i := range v.report.Queues {
		if q := &v.report.Queues[i]; q.Destination == d.Destination && q.Setup != nil {
			return passesOn(q)
		}
	}
	return d.Semantics.Get().DeadLettersRemoved
}
