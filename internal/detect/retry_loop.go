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
	Mode:        signal.RetryLoop,
	Description: "The same messages are delivered again and again, and consumers do not finish them.",
	BenignTwin:  "A deploy, a rebalance, a message that fails now and then and succeeds, a consumer that crashes and returns what it held, redeliveries beside progress.",
	decide:      decideRetryLoop,
	presence: func(v *view, s signal.Subject) presence {
		return v.queuePresence(s, func(q *signal.Queue) bool {
			return readAny(q) && (deliveriesCounted(q) || membersKnown(q)) && v.windowObserved(q)
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
		c, ok := repeatedDeliveries(q, t)
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

// repeatedDeliveries is the case where the broker counts deliveries.
func repeatedDeliveries(q *signal.Queue, t *queueMemory) (c Case, ok bool) {
	f := &t.Flow
	if !f.full() {
		return c, false
	}
	again, done := f.last().Again-f.first().Again, f.last().Drained-f.first().Drained
	held := f.first().Held
	for i := 1; i < f.N; i++ {
		before, now := &f.Samples[i-1], &f.Samples[i]
		once := now.Again - before.Again
		if once <= 0 || once < againPerDone*(now.Drained-before.Drained) || now.Depth == 0 || before.Depth == 0 {
			return c, false
		}
		held = max(held, now.Held)
	}
	receipts := q.Semantics.Get().CountsReceipts
	if receipts {
		// What is in flight was received and is not deleted yet. A message that is given up
		// after a few receives becomes a dead letter, which is no loop.
		again -= held
		done += f.last().Arrived - f.first().Arrived
		if limit := deliveriesAllowed(q); again < limit*done {
			return c, false
		}
	}
	if again < againOfLoop || again < againPerHeld*held && !receipts {
		return c, false
	}
	acknowledged := f.last().Drained - f.first().Drained
	c = Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical, Count: t.Progress.Backlog, Orders: q.Sample,
		Since: f.first().At, DecidableAt: f.last().At,
		Summary: fmt.Sprintf("The broker delivered messages again %d times in %s, and consumers acknowledged %d.", again, phrase.Duration(f.lasted()), acknowledged),
		Evidence: signal.Evidence{
			signal.CountFact("delivered_again", again),
			signal.CountFact("acknowledged", acknowledged),
			signal.DurationFact("measured_over", f.lasted()),
		},
	}
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
