package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// messageLost: the broker removed messages that no consumer had processed.
//
// In a log, the log start passed the group's committed offset. The messages between were
// never committed and can no longer be read (message_lost_log.go). A jump of the offset
// after a loss is evidence (message_lost_jump.go). Where a source can prove that no consumer
// of the group moved the offset, or that one skipped messages, these are lost for the group
// (message_lost_skipped.go).
//
// Where nodes count what they drop, the counter proves the loss (message_lost_counted.go).
// A queue that may drop messages and whose own counts do not balance is the one that lost
// them (message_lost_balance.go). A purge makes the counts differ too, but no node counts
// it, so it is not reported.
//
// Where no counter shows what retention removes, conservation does: messages that arrived, that
// no consumer deleted and that are not in the queue, once the oldest message has reached the
// retention (message_lost_retention.go).
//
// A queue that is deleted with messages in it loses them (message_lost_deleted.go).
var messageLost = Decision{
	Mode:         signal.MessageLost,
	Description:  "The broker removed messages that no consumer had processed, or they were skipped.",
	BenignTwin:   "Retention removes processed messages, a topic is recreated, only commit markers are removed, an operator purges a queue or resets a group without backlog, an empty or reply queue is deleted, the counters of a node restart.",
	observeQueue: observeLosses,
	observe:      func(v *view) { observeBrokerLosses(v); observeDeletions(v) },
	decide:       decideMessageLost,
	presence: func(v *view, s signal.Subject) presence {
		if s.Destination == "" {
			return brokerPresence(v, s)
		}
		if d := v.memory.deletions[queueOf(s)]; d != nil && d.Confirmed.Known() {
			return present // that the queue is gone is what the mode decides from
		}
		return v.queuePresence(s, func(q *signal.Queue) bool { return readAny(q) || q.Ready.Known() })
	},
}

// lossHold is how long a loss stays an open finding after the last message was
// lost: nothing brings the messages back, but an engineer should see it.
const lossHold = time.Hour

// losses is what message_lost remembers of a queue.
type losses struct {
	// Of a log:
	Settled  []settledOffset     // of each partition
	Suspects map[int32]suspicion // by partition
	Ranges   []lostRange         // of the present episode
	Jumps    []offsetJump        // of the same
	InLog    lossCount

	// Of the same, messages that can still be read:
	Skips   []skip
	Skipped int64 // since the start

	// Counted are the losses whose number alone is known.
	Counted  map[LossReason]*lossCount
	Balance  balance
	Short    []shortfall
	Retained *retained // where messages are removed by age and counters come late
	Content  content   // of the last reading
}

// lossCount counts what a queue lost.
type lossCount struct {
	Total   int64          // since the start
	Episode int64          // in the present episode
	First   signal.Instant // when the present episode began
	Last    signal.Instant // when the last message was lost
}

func (c *lossCount) add(messages int64, at signal.Instant) {
	c.Total += messages
	c.Episode += messages
	c.Last = at
}

// held reports whether the loss is still reported.
func (c *lossCount) held(at signal.Instant) bool {
	return c.Episode > 0 && at.Sub(c.Last) <= lossHold
}

func observeLosses(r *queueReading) {
	t := &r.memory.Losses
	t.observeLog(r)
	t.observeSkips(r)
	t.observeBalance(r)
	t.observeRetained(r)
	t.observeContent(r)
}

func decideMessageLost(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := &v.memory.queues[q.QueueID].Losses
		var c Case
		lost := false
		switch {
		case t.InLog.held(v.at):
			c, lost = t.lostFromLog(q), true
		case len(t.Counted) > 0:
			c, lost = t.lostByCount(v, q)
		}
		switch other, skipped := t.lostBySkip(q); {
		case skipped && lost:
			c.and(&other)
		case skipped:
			c, lost = other, true
		}
		if lost {
			cases = append(cases, c)
		}
	}
	for id, d := range v.memory.deletions {
		if _, back := v.memory.queues[id]; !back && d.Confirmed.Known() {
			cases = append(cases, d.lostWithQueue())
		}
	}
	for key, b := range v.memory.brokers {
		if c, ok := b.lostSomewhere(v, key); ok {
			cases = append(cases, c)
		}
	}
	return cases
}

// appendLosses appends the counters of a target.
func (m *targetMemory) appendLosses(all []Loss) []Loss {
	for id, q := range m.queues {
		if partitions := q.Progress.Partitions; len(partitions) > 0 && partitions[0].Start >= 0 {
			all = append(all, Loss{QueueID: id, Reason: Retention, Messages: q.Losses.InLog.Total})
		}
		if n := q.Losses.Skipped; n > 0 {
			all = append(all, Loss{QueueID: id, Reason: Skipped, Messages: n})
		}
		for reason, c := range q.Losses.Counted {
			all = append(all, Loss{QueueID: id, Reason: reason, Messages: c.Total})
		}
	}
	for id, d := range m.deletions {
		if _, back := m.queues[id]; !back && d.Confirmed.Known() {
			all = append(all, Loss{QueueID: id, Reason: d.reason(), Messages: d.Content.Messages})
		}
	}
	for key, b := range m.brokers {
		for reason, c := range b.Lost {
			all = append(all, Loss{QueueID: signal.QueueID{System: key.System, Cluster: key.Cluster}, Reason: reason, Messages: c.Total})
		}
	}
	return all
}
