package detect

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// retryLoop: the same messages are delivered again and again. Where the broker
// counts deliveries, far more are repeated than acknowledged, all through a window,
// and more often than readers hold messages, so that it is not that each came once
// more. Where deliveries are not counted, a message that crashes its consumer shows as a
// committed offset that stands still while members come and go.
var retryLoop = Decision{
	Mode:        signal.RetryLoop,
	Description: "The same messages are delivered again and again, and are not done with.",
	BenignTwin:  "A deploy, a rebalance, a message that fails now and then and succeeds, a consumer that dies and gives back what it held, redeliveries beside progress.",
	judge:       judgeRetryLoop,
}

const (
	// joinsOfLoop is how often members must have come anew while an offset stood still.
	joinsOfLoop = 3
	// againOfLoop is the least number of repeated deliveries, and how many times what
	// is acknowledged and what readers hold they must be.
	againOfLoop  = 5
	againPerDone = 2
	againPerHeld = 3
	// longestRestart is how long a consumer that dies again and again may be away:
	// Kubernetes waits for up to five minutes before it starts one again.
	longestRestart = 6 * time.Minute
)

// retries is what is remembered of deliveries and of who is a member.
type retries struct {
	redelivered, received, acked signal.Count // at the last reading that knew
	known                        bool
	members                      uint64
	joined                       [joinsOfLoop]signal.Instant // the last times that members came, the latest last
}

// countAgain adds what was delivered again since the last reading. A counter that
// fell was reset, and one that was not there before says nothing of since when.
func (t *queueTrack) countAgain(q *signal.Queue) {
	r := &t.retries
	switch {
	case !r.known:
	case q.Redelivered.Known() && r.redelivered.Known():
		t.flow.again += int64(max(0, q.Redelivered-r.redelivered))
	case q.Semantics.Get().CountsReceipts && q.Received >= r.received && r.received.Known() && q.Acknowledged >= r.acked && r.acked.Known():
		// What was received more often than it was deleted came again, or is in flight.
		t.flow.again += int64(q.Received - r.received - (q.Acknowledged - r.acked))
	}
	r.known = true
	r.redelivered, r.received, r.acked = q.Redelivered, q.Received, q.Acknowledged
}

// watchMembers notes when members came.
func (t *queueTrack) watchMembers(q *signal.Queue, at signal.Instant, rebase bool) {
	r := &t.retries
	if rebase {
		r.joined = [joinsOfLoop]signal.Instant{}
	}
	if q.Members == 0 || q.Members == r.members {
		return
	}
	if r.members != 0 && !rebase {
		copy(r.joined[:], r.joined[1:])
		r.joined[joinsOfLoop-1] = at
	}
	r.members = q.Members
}

// stalledSince returns since when a partition is read and stands still while messages
// wait; zero when it is not so. Members that have just come have their time, but only
// once: it may be that they come and go for ever. The same holds while messages are
// delivered again, until it can be told whether that is a loop.
func (t *queueTrack) stalledSince(pt *partitionTrack) signal.Instant {
	since := pt.stalledSince()
	if !since.Known() {
		return 0
	}
	limit := since.Add(t.objective.MaxAge)
	if t.flow.redelivering() {
		return max(limit, since.Add(t.window))
	}
	for _, joined := range t.retries.joined {
		if joined <= limit {
			since = max(since, joined)
		}
	}
	return since
}

func judgeRetryLoop(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.history.queues[q.QueueID]
		if q.Objective.MaxAge <= 0 || t.backlog == 0 || v.deadLetters(q) {
			continue
		}
		c, ok := repeatedCase(q, t)
		if !ok {
			c, ok = crashingCase(v, q, t)
		}
		if ok {
			c.Evidence = append(c.Evidence, signal.Fact{Name: "waiting_messages", Value: fmt.Sprint(t.backlog)})
			if q.Consumers.Known() {
				c.Evidence = append(c.Evidence, signal.Fact{Name: "consumers", Value: fmt.Sprint(q.Consumers)})
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// repeatedCase tells of deliveries that the broker counts.
func repeatedCase(q *signal.Queue, t *queueTrack) (c Case, ok bool) {
	f := &t.flow
	if !f.full() {
		return c, false
	}
	again, done := f.last().again-f.first().again, f.last().drained-f.first().drained
	held := f.first().held
	for i := 1; i < f.n; i++ {
		before, now := &f.marks[i-1], &f.marks[i]
		once := now.again - before.again
		if once <= 0 || once < againPerDone*(now.drained-before.drained) || now.depth == 0 || before.depth == 0 {
			return c, false
		}
		held = max(held, now.held)
	}
	receipts := q.Semantics.Get().CountsReceipts
	if receipts {
		// What is held now was received and not yet deleted. A message that is given up
		// after a few receives is a dead letter, and no loop.
		again -= held
		done += f.last().arrived - f.first().arrived
		if limit := deliveriesAllowed(q); again < limit*done {
			return c, false
		}
	}
	if again < againOfLoop || again < againPerHeld*held && !receipts {
		return c, false
	}
	c = Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical, Count: t.backlog, Orders: q.Sample,
		Since: f.first().at, DecidableAt: f.last().at,
		Evidence: signal.Evidence{
			{Name: "delivered_again", Value: fmt.Sprintf("%d times in %s", again, inWords(f.lasted()))},
			{Name: "acknowledged", Value: fmt.Sprintf("%d in the same time", f.last().drained-f.first().drained)},
		},
	}
	if held > 0 {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "held_by_consumers", Value: fmt.Sprintf("%d at most", held)})
	}
	if f.last().drained > f.first().drained {
		c.Severity = signal.Warning // others are done with meanwhile
	}
	return c, true
}

// deliveriesAllowed is how often each message may be delivered before it counts as
// one that comes for ever.
func deliveriesAllowed(q *signal.Queue) int64 {
	const few = 3
	if q.Setup != nil && q.Setup.MaxDeliveries > few {
		return int64(q.Setup.MaxDeliveries)
	}
	return few
}

// crashingCase tells of consumers that die of a message: of partitions that stand
// still while members come again and again.
func crashingCase(v *view, q *signal.Queue, t *queueTrack) (c Case, ok bool) {
	first, last := t.retries.joined[0], t.retries.joined[joinsOfLoop-1]
	if !first.Known() || v.at.Sub(last) > max(longestRestart, 2*q.Objective.MaxAge) {
		return c, false
	}
	c = Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical, Orders: q.Sample}
	var where []string
	for j := range q.Partitions {
		pt := &t.partitions[j]
		if !pt.stuckSince.Known() || first <= pt.stuckSince || pt.seenFor(pt.stuckSince, v.at) < q.Objective.MaxAge {
			continue
		}
		if !c.Since.Known() || pt.stuckSince < c.Since {
			c.Since = pt.stuckSince
		}
		c.Count += pt.waiting
		if len(where) < maxRanges {
			where = append(where, partitionPosition(&q.Partitions[j]))
		}
	}
	if len(where) == 0 {
		return c, false
	}
	c.DecidableAt = max(c.Since.Add(q.Objective.MaxAge), last)
	c.Evidence = signal.Evidence{
		{Name: "position", Value: strings.Join(where, "; ")},
		{Name: "no_progress_for", Value: inWords(v.at.Sub(c.Since))},
		{Name: "membership_changed", Value: fmt.Sprintf("at least %d times meanwhile, the last %s ago", joinsOfLoop, inWords(v.at.Sub(last)))},
		{Name: "what_to_look_for", Value: "a message at that position of which the consumer dies, or over which it is taken for dead"},
	}
	if q.GroupState != "" {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "group_state", Value: q.GroupState})
	}
	return c, true
}
