package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// retryLoop: the same messages are delivered again and again. Where the broker
// counts deliveries, far more are repeated than acknowledged, throughout a window,
// and more often than consumers hold messages, so that each was not just redelivered
// once. Where deliveries are not counted, a message that crashes its consumer shows as a
// committed offset that stands still while members join and leave.
var retryLoop = Decision{
	Mode:         signal.RetryLoop,
	Description:  "The same messages are delivered again and again, and consumers do not finish them.",
	BenignTwin:   "A deploy, a rebalance, a message that fails now and then and succeeds, a consumer that crashes and returns what it held, redeliveries beside progress.",
	observeQueue: func(r *queueReading) { r.memory.Loop.observe(r) },
	decide:       decideRetryLoop,
	presence: func(v *view, s signal.Subject) presence {
		return v.queuePresence(s, func(q *signal.Queue) bool {
			return readAny(q) && (deliveriesCounted(q) || membersKnown(q)) && (v.windowObserved(q) || v.memory.queues[q.QueueID].Loop.full())
		})
	},
}

const (
	// againOfLoop is the least number of repeated deliveries. They must also be
	// againPerDone times the acknowledgements and againPerHeld times the messages that
	// consumers hold.
	againOfLoop  = 5
	againPerDone = 2
	againPerHeld = 3
	// longestRestart is how long a consumer that crashes again and again may be away:
	// Kubernetes waits for up to five minutes before it restarts one.
	longestRestart = 6 * time.Minute
)

// deliveriesCounted reports whether the reading has the broker's counts of deliveries.
func deliveriesCounted(q *signal.Queue) bool {
	return q.Redelivered.Known() || q.Semantics.Get().CountsReceipts && q.Received.Known() && q.Acknowledged.Known()
}

// membersKnown reports whether the reading shows the members of the group, or that there
// are none.
func membersKnown(q *signal.Queue) bool { return q.Members != 0 || q.Consumers == 0 }

func decideRetryLoop(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.memory.queues[q.QueueID]
		if q.Objective.MaxAge <= 0 || t.Progress.Backlog == 0 || v.needsNoConsumers(q) {
			continue
		}
		c, ok := repeatedDeliveries(v, q, t)
		if !ok {
			c, ok = crashingConsumer(v, q, t)
		}
		if ok {
			c.Evidence = append(c.Evidence, signal.CountFact("waiting_messages", t.Progress.Backlog))
			c.Evidence = append(c.Evidence, connectedConsumers(q)...)
			cases = append(cases, c)
		}
	}
	return cases
}

// retries is what retry_loop remembers of a queue: a time range, as long as that of the flow,
// that begins with the first message that was delivered again, and not with a part of
// the flow. What is found from it then does not depend on when the loop began.
type retries struct {
	Samples [segments + 1]sample // the oldest first; each part between two of them is a loop
	N       int
}

// observe takes the next reading. It keeps the last reading as the beginning until a
// message is delivered again, and starts again when a part of the time is no loop.
func (t *retries) observe(r *queueReading) {
	f, progress := &r.memory.Flow, &r.memory.Progress
	if r.rebase || !progress.steady {
		t.N = 0
	}
	if !progress.whole {
		return
	}
	now := f.sample(r.at, progress.Backlog, int64(max(0, r.InFlight)))
	if t.N == 0 {
		t.Samples[0], t.N = now, 1
		return
	}
	loops := t.last().loops(&now)
	ends := f.partEnds(t.Samples[0].At, t.N, r)
	switch {
	case !loops && (ends || t.N == 1):
		t.Samples[0], t.N = now, 1
	case ends:
		push(&t.Samples, &t.N, now)
	}
}

// full reports whether it lasted for the whole time.
func (t *retries) full() bool { return t.N == len(t.Samples) }

func (t *retries) last() *sample { return &t.Samples[t.N-1] }

// loops reports whether messages were delivered again until now, more often than others were acknowledged.
func (s *sample) loops(now *sample) bool {
	once := now.Again - s.Again
	return once > 0 && once >= againPerDone*(now.Drained-s.Drained) && now.Depth > 0
}

// repeatedDeliveries is the case where the broker counts deliveries.
func repeatedDeliveries(v *view, q *signal.Queue, t *queueMemory) (c Case, ok bool) {
	l := &t.Loop
	if !l.full() {
		return c, false
	}
	first, last := &l.Samples[0], l.last()
	again, done := last.Again-first.Again, last.Drained-first.Drained
	held := first.Held
	for i := range l.Samples {
		held = max(held, l.Samples[i].Held)
	}
	receipts := q.Semantics.Get().CountsReceipts
	if receipts {
		// What is in flight was received and is not deleted yet. A message that is given up
		// after a few receives becomes a dead letter, which is no loop.
		again -= held
		done += last.Arrived - first.Arrived
		if limit := deliveriesAllowed(q); again < limit*done {
			return c, false
		}
	}
	if again < againOfLoop || again < againPerHeld*held && !receipts {
		return c, false
	}
	acknowledged, lasted := last.Drained-first.Drained, last.At.Sub(first.At)
	c = Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical, Count: t.Progress.Backlog, Orders: q.Sample,
		Since: first.At, DecidableAt: last.At,
		Summary: fmt.Sprintf("The broker delivered messages again %d times in %s, and consumers acknowledged %d.", again, phrase.Duration(lasted), acknowledged),
		Evidence: signal.Evidence{
			signal.CountFact("delivered_again", again),
			signal.CountFact("acknowledged", acknowledged),
			signal.DurationFact("measured_over", lasted),
		},
	}
	if v.memory.interval <= t.Flow.Window/segments {
		c.DecidableAt = min(last.At, first.At.Add(t.Flow.Window))
	} // else it takes as many readings as there are samples
	if held > 0 {
		c.Evidence = append(c.Evidence, signal.CountFact("held_by_consumers", held).With(signal.AtMost))
	}
	if acknowledged > 0 {
		c.Severity = signal.Warning // consumers finish other messages meanwhile
	}
	return c, true
}

// deliveriesAllowed is how often each message may be delivered before it counts as
// one that is delivered forever.
func deliveriesAllowed(q *signal.Queue) int64 {
	const few = 3
	if q.Setup != nil && q.Setup.MaxDeliveries > few {
		return int64(q.Setup.MaxDeliveries)
	}
	return few
}

// crashingConsumer is the case of a message that crashes its consumers: partitions stand
// still while members join again and again.
func crashingConsumer(v *view, q *signal.Queue, t *queueMemory) (c Case, ok bool) {
	first, last := t.Consumers.Joined[0], t.Consumers.Joined[rememberedJoins-1]
	if !first.Known() || v.at.Sub(last) > max(longestRestart, 2*q.Objective.MaxAge) {
		return c, false
	}
	c = Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical, Orders: q.Sample}
	var positions []string
	for j := range q.Partitions {
		p := &t.Progress.Partitions[j]
		if !p.StuckSince.Known() || heldBack(q, p.ID) || first <= p.StuckSince || p.seenFor(p.StuckSince, v.at) < q.Objective.MaxAge {
			continue
		}
		c.Since = earlier(c.Since, p.StuckSince)
		c.Count += p.Waiting
		if len(positions) < maxListed {
			positions = append(positions, position(&q.Partitions[j]))
		}
	}
	if len(positions) == 0 {
		return c, false
	}
	c.DecidableAt = max(c.Since.Add(q.Objective.MaxAge), last)
	c.Summary = fmt.Sprintf("The group has not advanced for %s while its members joined at least %d times: a message probably crashes its consumer.",
		phrase.Duration(v.at.Sub(c.Since)), rememberedJoins)
	c.Evidence = signal.Evidence{
		signal.ListFact("position", positions...),
		signal.DurationFact("no_progress_for", v.at.Sub(c.Since)),
		signal.CountFact("membership_changed", rememberedJoins).With(signal.AtLeast),
		signal.MomentFact("last_join", last),
		signal.TextFact("what_to_look_for", "a message at that position that crashes the consumer or takes longer than the poll timeout"),
	}
	c.Evidence = append(c.Evidence, groupState(q)...)
	return c, true
}
