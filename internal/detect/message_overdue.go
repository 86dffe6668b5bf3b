package detect

import (
	"fmt"
	"math"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// messageOverdue: the oldest message has been older than the objective throughout a
// window, although consumers process messages and the backlog need not grow. Each message
// is late, and stays late until consumers become faster. So is a message that stays in a
// queue of delay for longer than the delay (message_overdue_held.go).
//
// The time in a message is the producer's. It proves nothing alone: a clock that is behind
// or a copy with the original times looks the same. So a message must also have been seen
// to wait for as long as the objective, on our own clock.
var messageOverdue = Decision{
	Mode:         signal.MessageOverdue,
	Description:  "Consumers process messages, and each message waits longer than its objective.",
	BenignTwin:   "A burst or a nightly batch that drains, a replay that catches up, a producer whose clock is behind, an age that is only estimated, a delay that messages leave in time.",
	observeQueue: observeOverdue,
	decide:       decideMessageOverdue,
	presence: func(v *view, s signal.Subject) presence {
		return v.queuePresence(s, func(q *signal.Queue) bool {
			if holds(q) {
				return heldAgeKnown(q)
			}
			t := v.memory.queues[q.QueueID]
			if t.Progress.Backlog == 0 || decidable(q.Oldest) && q.Oldest.At(v.at) < q.Objective.MaxAge {
				return readAny(q)
			}
			return readAny(q) && decidable(q.Oldest) && t.Flow.full()
		})
	},
}

// lateness is what message_overdue remembers of a queue.
type lateness struct {
	Since    signal.Instant // since when the oldest message is too old and the queue does not drain
	Reported bool           // it was so throughout a window
	Proven   bool           // messages were seen to wait that long
	Probe    probe
}

// probe is the end of a partition at one moment. When the committed offset has not reached
// it later, the messages before it have waited at least since then.
type probe struct {
	Partition int32
	End       int64
	At        signal.Instant
}

func observeOverdue(r *queueReading) {
	t, q := &r.memory.Lateness, r.Queue
	if q.Objective.MaxAge <= 0 || r.memory.Consumers.Connected == 0 || r.memory.Progress.Backlog == 0 && r.memory.Progress.whole {
		*t = lateness{}
		return
	}
	if r.rebase {
		t.Probe = probe{}
	}
	t.follow(r)
	flow := &r.memory.Flow
	switch {
	case !decidable(q.Oldest):
		return
	case q.Oldest.At(r.at) < q.Objective.MaxAge:
		*t = lateness{Probe: t.Probe}
		return
	// Behind an open transaction consumers have nothing to read, however fast they are.
	case !t.Since.Known() || !t.Reported && (r.rebase || draining(flow) || len(q.OpenTransactions) > 0):
		t.Since, t.Reported = r.at, false
	}
	processed := flow.full() && flow.last().Drained > flow.first().Drained
	t.Reported = t.Reported || t.Proven && processed && r.at.Sub(t.Since) >= flow.Window
}

// follow compares the probe with the reading, and sets a new one at the partition whose
// oldest message is the oldest of all once consumers have passed it.
func (t *lateness) follow(r *queueReading) {
	oldest := -1
	for i := range r.Partitions {
		p := &r.Partitions[i]
		if p.End < 0 || r.memory.Progress.Partitions[i].Waiting == 0 {
			continue
		}
		if p.ID == t.Probe.Partition && t.Probe.At.Known() && p.Committed >= 0 && p.Committed < t.Probe.End && p.End >= t.Probe.End {
			t.Proven = t.Proven || r.at.Sub(t.Probe.At) >= r.Objective.MaxAge
			return
		}
		if oldest < 0 || p.Head.Known() && p.Head.Since < r.Partitions[oldest].Head.Since {
			oldest = i
		}
	}
	if oldest >= 0 {
		p := &r.Partitions[oldest]
		t.Probe = probe{Partition: p.ID, End: p.End, At: r.at}
	}
}

// draining reports whether the backlog becomes smaller over the window: in each part of
// it, or by more than chance explains. What arrives and what is processed in a window vary
// by about the square root of their number.
func draining(f *flow) bool {
	if f.N < 2 {
		return false // not known yet
	}
	first, last := f.first(), f.last()
	fell, steadily := first.Depth-last.Depth, true
	for i := 1; i < f.N; i++ {
		steadily = steadily && f.Samples[i].Depth <= f.Samples[i-1].Depth
	}
	moved := last.Arrived - first.Arrived + last.Drained - first.Drained
	return fell > 0 && (steadily || float64(fell) > 3*math.Sqrt(float64(moved)))
}

func decideMessageOverdue(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.memory.queues[q.QueueID]
		if c, late := heldTooLong(v, q); late {
			cases = append(cases, c)
		}
		if !t.Lateness.Reported || !decidable(q.Oldest) || v.needsNoConsumers(q) {
			continue
		}
		age, backlog := q.Oldest.At(v.at), t.Progress.Backlog
		c := Case{
			Subject: queueSubject(q.QueueID), Severity: signal.Warning, Count: backlog, Orders: q.Sample,
			Since: t.Lateness.Since, DecidableAt: t.Lateness.Since.Add(t.Flow.Window),
			Summary: fmt.Sprintf("Messages have waited longer than the objective of %s for %s; the oldest waits %s now.",
				phrase.Duration(q.Objective.MaxAge), phrase.Duration(v.at.Sub(t.Lateness.Since)), phrase.Duration(age)),
			Evidence: oldestMessageAge(q.Oldest, v.at),
		}
		if age > 2*q.Objective.MaxAge {
			c.Severity = signal.Critical
		}
		c.Evidence = append(c.Evidence,
			signal.DurationFact("objective_max_age", q.Objective.MaxAge),
			signal.DurationFact("late_for", v.at.Sub(t.Lateness.Since)),
			signal.CountFact("waiting_messages", backlog))
		if t.Flow.full() {
			c.Evidence = append(c.Evidence,
				signal.RateFact("arrivals", t.Flow.arrivals()),
				signal.RateFact("drain_rate", t.Flow.drain()).With(signal.AtMost),
				signal.DurationFact("measured_over", t.Flow.lasted()))
		}
		c.Evidence = append(c.Evidence, connectedConsumers(q)...)
		cases = append(cases, c)
	}
	return cases
}
