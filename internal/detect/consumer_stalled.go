package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// consumerStalled: a member owns the partition, a message waits, and the committed
// offset has not advanced for as long as a message may wait. It is decided in
// wall-clock time and per partition: one hanging partition hides among many
// busy ones, and topics that carry few messages are those that carry orders. Where a queue
// keeps order within groups, its oldest message shows a group that stands still
// (consumer_stalled_group.go).
var consumerStalled = Decision{
	Mode:         signal.ConsumerStalled,
	Description:  "Consumers are connected, messages wait, and nothing advances.",
	BenignTwin:   "A slow consumer that advances, an idle topic, a rebalance or a broker restart, a lag made of commit markers only.",
	observeQueue: observeGroups,
	decide:       decideConsumerStalled,
	presence: func(v *view, s signal.Subject) presence {
		return v.queuePresence(s, func(q *signal.Queue) bool {
			return readAny(q) && !v.mayStillStall(q) && !v.groupsUnread(q)
		})
	},
}

// stalledSince returns since when a partition has a consumer and stands still while
// messages wait; zero when it is not so. Members that have just joined have their time,
// but only once: they may join and leave forever. So do redeliveries, until it is clear
// whether they are a loop.
func stalledSince(t *queueMemory, p *partition) signal.Instant {
	if !p.StuckSince.Known() || !p.OwnedSince.Known() {
		return 0
	}
	since := max(p.StuckSince, p.OwnedSince)
	limit := since.Add(t.Objective.MaxAge)
	if t.Flow.redelivering() {
		return max(limit, since.Add(t.Flow.Window))
	}
	for _, joined := range t.Consumers.Joined {
		if joined <= limit {
			since = max(since, joined)
		}
	}
	return since
}

// mayStillStall reports whether messages of a partition wait that has not advanced since
// the first reading, or since an observation gap, and it is too early to decide.
func (v *view) mayStillStall(q *signal.Queue) bool {
	t := v.memory.queues[q.QueueID]
	return t.Consumers.Connected != 0 && slices.ContainsFunc(t.Progress.Partitions, func(p partition) bool {
		return p.Waiting > 0 && !p.SawProgress && !heldBack(q, p.ID) && v.at.Sub(max(p.StuckSince, p.OwnedSince)) < q.Objective.MaxAge
	})
}

func decideConsumerStalled(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.memory.queues[q.QueueID]
		if t.Consumers.Connected == 0 || q.Objective.MaxAge <= 0 || v.needsNoConsumers(q) {
			continue
		}
		var stuck []int
		for j := range q.Partitions {
			p := &t.Progress.Partitions[j]
			if heldBack(q, p.ID) {
				continue // its consumer receives nothing, whatever it does
			}
			if since := stalledSince(t, p); since.Known() && p.seenFor(since, v.at) >= q.Objective.MaxAge {
				stuck = append(stuck, j)
			}
		}
		if len(stuck) > 0 {
			cases = append(cases, stalledQueue(v, q, t, stuck))
		} else if !t.GroupStall.Unread && t.GroupStall.blocked(q, v.at) {
			cases = append(cases, blockedGroup(v, q, t))
		}
	}
	return cases
}

// stalledQueue is the case of a queue with the stuck partitions.
func stalledQueue(v *view, q *signal.Queue, t *queueMemory, stuck []int) Case {
	c := Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical, Orders: q.Sample}
	var positions []string
	oldest := signal.Age{}
	for _, j := range stuck {
		read, p := &q.Partitions[j], &t.Progress.Partitions[j]
		c.Since = earlier(c.Since, p.began(read, p.StuckSince))
		c.DecidableAt = earlier(c.DecidableAt, stalledSince(t, p).Add(q.Objective.MaxAge))
		if read.Head.Known() && (!oldest.Known() || read.Head.Since < oldest.Since) {
			oldest = read.Head
		}
		c.Count += p.Waiting
		if len(positions) < maxListed {
			positions = append(positions, position(read))
		}
	}
	stillFor := v.at.Sub(c.DecidableAt) + q.Objective.MaxAge
	c.Summary = stallSummary(q, stuck, c.Count, stillFor)
	c.Evidence = signal.Evidence{
		signal.TextFact("stuck_partitions", fmt.Sprintf("%d of %d", len(stuck), len(q.Partitions))),
		signal.ListFact("position", positions...),
		signal.CountFact("waiting_messages", c.Count),
	}
	c.Evidence = append(c.Evidence, oldestMessageAge(oldest, v.at)...)
	c.Evidence = append(c.Evidence,
		signal.DurationFact("no_progress_for", stillFor),
		signal.DurationFact("objective_max_age", q.Objective.MaxAge),
	)
	c.Evidence = append(c.Evidence, connectedConsumers(q)...)
	c.Evidence = append(c.Evidence, groupState(q)...)
	return c
}

// began returns when what was seen of a partition at some time began: with its oldest message,
// where the partition stood still before our first reading.
func (p *partition) began(read *signal.Partition, seen signal.Instant) signal.Instant {
	if !p.SawProgress && read.Head.Bound == signal.Measured {
		return min(seen, read.Head.Since)
	}
	return seen
}

func stallSummary(q *signal.Queue, stuck []int, count int64, stillFor time.Duration) string {
	lasted := phrase.Duration(stillFor)
	first := &q.Partitions[stuck[0]]
	switch {
	case first.Start < 0:
		return fmt.Sprintf("Consumers have processed nothing for %s while %s.", lasted, waiting(count))
	case len(stuck) > 1:
		return fmt.Sprintf("%d of %d partitions have not advanced for %s while %s.", len(stuck), len(q.Partitions), lasted, waiting(count))
	case first.Committed < 0:
		return fmt.Sprintf("The group has committed no offset of partition %d for %s while %s.", first.ID, lasted, waiting(count))
	}
	return fmt.Sprintf("Partition %d has not moved past offset %d for %s while %s.", first.ID, first.Committed, lasted, waiting(count))
}
