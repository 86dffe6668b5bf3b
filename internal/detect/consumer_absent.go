package detect

import (
	"fmt"
	"slices"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// consumerAbsent: messages wait and no consumer reads them, for longer than a deploy
// takes: the group has no members, a partition belongs to no member, or the group
// itself is gone and left messages behind.
var consumerAbsent = Decision{
	Mode:         signal.ConsumerAbsent,
	Description:  "Messages wait and no consumer reads them.",
	BenignTwin:   "A deploy or a rebalance, a group that is idle because no message waits, a consumer that commits without being a member.",
	observeQueue: observeAbsence,
	decide:       decideConsumerAbsent,
	presence: func(v *view, s signal.Subject) presence {
		if q := v.queue(s); q != nil {
			return presentIf(readAny(q) && (q.Consumers.Known() || assignmentKnown(q)) && !v.mayStillBeAbsent(q))
		}
		if _, vanished := v.memory.vanished[queueOf(s)]; vanished && v.report.Complete() {
			return present // that the group is gone is what the mode decides from
		}
		return gone
	},
}

// assignmentKnown reports whether the reading shows which partitions have a consumer.
func assignmentKnown(q *signal.Queue) bool {
	for i := range q.Partitions {
		if q.Partitions[i].Assignment != signal.AssignmentUnknown {
			return true
		}
	}
	return false
}

// absence is what consumer_absent remembers of a queue.
type absence struct {
	// Since is since when messages wait, no consumer is connected and nothing was
	// committed; zero when that is not so.
	Since signal.Instant
	// SawBegin is false when it was so at our first reading, or after an observation gap.
	SawBegin bool
}

// mayStillBeAbsent reports whether messages wait without a consumer since the first
// reading, or since an observation gap, and it is too early to decide.
func (v *view) mayStillBeAbsent(q *signal.Queue) bool {
	t := v.memory.queues[q.QueueID]
	if since := t.Absence.Since; since.Known() {
		return !t.Absence.SawBegin && v.at.Sub(since) < q.Objective.AbsentAfter
	}
	return slices.ContainsFunc(t.Progress.Partitions, func(p partition) bool {
		return p.Waiting > 0 && !p.SawProgress && p.UnassignedSince.Known() && v.at.Sub(max(p.UnassignedSince, p.StuckSince)) < q.Objective.AbsentAfter
	})
}

func observeAbsence(r *queueReading) {
	absence := &r.memory.Absence
	switch {
	case r.memory.Consumers.Connected != 0 || r.memory.Progress.Backlog == 0:
		absence.Since = 0
	case !absence.Since.Known() || r.memory.Progress.advanced || restarts(r.rebase, absence.Since, r.previous, r.Objective.AbsentAfter):
		absence.Since, absence.SawBegin = r.at, r.previous.Known() && !r.rebase
	}
}

func decideConsumerAbsent(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.memory.queues[q.QueueID]
		after := q.Objective.AbsentAfter
		if after <= 0 || t.Progress.Backlog == 0 || v.needsNoConsumers(q) {
			continue
		}
		if t.Consumers.Connected == 0 {
			if t.Absence.Since.Known() && v.at.Sub(t.Absence.Since) >= after {
				cases = append(cases, emptyGroup(v, q, t))
			}
			continue
		}
		if c, ok := unassignedPartitions(v, q, t); ok {
			cases = append(cases, c)
		}
	}
	for id, t := range v.memory.vanished {
		if v.holdsDeadLetters(id.Destination) || !v.report.Complete() || t.Objective.AbsentAfter <= 0 || v.at.Sub(t.VanishedAt) < t.Objective.AbsentAfter {
			continue
		}
		backlog := t.Progress.Backlog
		cases = append(cases, Case{
			Subject: queueSubject(id), Severity: signal.Warning, Count: backlog,
			Since: t.VanishedAt, DecidableAt: t.VanishedAt.Add(t.Objective.AbsentAfter),
			Summary: fmt.Sprintf("The consumer group is gone and left %s behind.", messages(backlog)),
			Evidence: signal.Evidence{
				signal.TextFact("group", "gone; it was deleted, or its offsets expired"),
				signal.CountFact("waiting_messages", backlog),
				signal.MomentFact("last_seen", t.At),
			},
		})
	}
	return cases
}

// emptyGroup is the case of a queue without any consumer.
func emptyGroup(v *view, q *signal.Queue, t *queueMemory) Case {
	lasted, backlog := v.at.Sub(t.Absence.Since), t.Progress.Backlog
	c := Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical, Count: backlog,
		Since: t.Absence.Since, DecidableAt: t.Absence.Since.Add(q.Objective.AbsentAfter), Orders: q.Sample,
		Summary: fmt.Sprintf("No consumer has been connected for %s while %s.", phrase.Duration(lasted), waiting(backlog)),
	}
	seen := "yes; if the group is retired, delete it or exclude it"
	if !t.Consumers.Seen {
		// The group may be retired, which is no reason to wake an engineer.
		c.Severity = signal.Warning
		seen = "not since lostorder started watching; if the group is retired, delete it or exclude it"
	}
	c.Evidence = signal.Evidence{
		signal.CountFact("consumers", 0),
		signal.CountFact("waiting_messages", backlog),
		signal.DurationFact("no_consumer_for", lasted),
		signal.TextFact("seen_with_consumers", seen),
	}
	c.Evidence = append(c.Evidence, oldestMessageAge(q.Oldest, v.at)...)
	c.Evidence = append(c.Evidence, groupState(q)...)
	return c
}

// unassignedPartitions is the case of partitions that belong to no member although the
// group has some.
func unassignedPartitions(v *view, q *signal.Queue, t *queueMemory) (Case, bool) {
	c := Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical, Orders: q.Sample}
	var unassigned []string
	var seen signal.Instant
	for j := range q.Partitions {
		p := &t.Progress.Partitions[j]
		if !p.UnassignedSince.Known() || !p.StuckSince.Known() {
			continue
		}
		since := max(p.UnassignedSince, p.StuckSince)
		if p.seenFor(since, v.at) < q.Objective.AbsentAfter {
			continue
		}
		seen = earlier(seen, since)
		c.Since = earlier(c.Since, p.began(&q.Partitions[j], since))
		c.Count += p.Waiting
		unassigned = append(unassigned, fmt.Sprint(p.ID))
	}
	if len(unassigned) == 0 {
		return c, false
	}
	lasted := v.at.Sub(seen)
	c.DecidableAt = seen.Add(q.Objective.AbsentAfter)
	c.Summary = fmt.Sprintf("%s %s belonged to no member of the group for %s while %s.",
		phrase.Count(len(unassigned), "partition"), verb(int64(len(unassigned)), "has", "have"), phrase.Duration(lasted), waiting(c.Count))
	c.Evidence = signal.Evidence{
		signal.ListFact("unassigned_partitions", unassigned[:min(len(unassigned), maxListed)]...),
		signal.CountFact("waiting_messages", c.Count),
	}
	c.Evidence = append(c.Evidence, connectedConsumers(q)...)
	c.Evidence = append(c.Evidence, signal.DurationFact("no_consumer_for", lasted))
	return c, true
}
