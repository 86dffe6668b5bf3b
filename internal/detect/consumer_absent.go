package detect

import (
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// consumerAbsent: messages wait and nobody reads them, for longer than a deploy
// takes: the group has no members, a partition belongs to no member, or the group
// itself is gone and left messages behind.
var consumerAbsent = Decision{
	Mode:        signal.ConsumerAbsent,
	Description: "Messages wait and nobody reads them.",
	BenignTwin:  "A deploy or a rebalance, a group that is idle because nothing waits, a consumer that commits without being a member.",
	judge:       judgeConsumerAbsent,
}

// vanishedFor is how long a group that was deleted with messages left is spoken
// of. Longer, and whoever deleted it on purpose would have to live with it.
const vanishedFor = 24 * time.Hour

func judgeConsumerAbsent(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.history.queues[q.QueueID]
		after := q.Objective.AbsentAfter
		if after <= 0 || t.backlog == 0 || v.deadLetters(q) {
			continue
		}
		if t.consumers == 0 {
			if t.emptySince.Known() && v.at.Sub(t.emptySince) >= after {
				cases = append(cases, emptyGroupCase(v, q, t))
			}
			continue
		}
		if c, ok := unassignedCase(v, q, t); ok {
			cases = append(cases, c)
		}
	}
	for id, t := range v.history.vanished {
		if _, dead := v.history.dlqs[id.Destination]; dead || !v.report.Complete() || t.objective.AbsentAfter <= 0 || v.at.Sub(t.vanishedAt) < t.objective.AbsentAfter {
			continue
		}
		cases = append(cases, Case{
			Subject: queueSubject(id), Severity: signal.Warning, Count: t.backlog,
			Since: t.vanishedAt, DecidableAt: t.vanishedAt.Add(t.objective.AbsentAfter),
			Evidence: signal.Evidence{
				{Name: "group", Value: "gone; it was deleted, or its offsets expired"},
				{Name: "waiting_messages", Value: fmt.Sprintf("%d when it was last seen", t.backlog)},
			},
		})
	}
	return cases
}

func emptyGroupCase(v *view, q *signal.Queue, t *queueTrack) Case {
	c := Case{
		Subject: queueSubject(q.QueueID), Severity: signal.Critical, Count: t.backlog,
		Since: t.emptySince, DecidableAt: t.emptySince.Add(q.Objective.AbsentAfter), Orders: q.Sample,
	}
	c.Evidence = signal.Evidence{
		{Name: "consumers", Value: "0"},
		{Name: "waiting_messages", Value: fmt.Sprint(t.backlog)},
		{Name: "nobody_reads_for", Value: inWords(v.at.Sub(t.emptySince))},
	}
	seen := "yes; if the group is retired, delete it or exclude it"
	if !t.attended {
		// Nobody was seen here since we look: it may be a group that is not meant to
		// run any more, which is no reason to wake somebody.
		c.Severity = signal.Warning
		seen = "not since lostorder looks; if the group is retired, delete it or exclude it"
	}
	c.Evidence = append(c.Evidence, signal.Fact{Name: "seen_with_consumers", Value: seen})
	if q.Oldest.Known() {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "oldest_message_age", Value: inWords(q.Oldest.At(v.at)) + " (" + q.Oldest.Bound.String() + ")"})
	}
	if q.GroupState != "" {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "group_state", Value: q.GroupState})
	}
	return c
}

// unassignedCase tells of partitions that belong to no member though the group has
// some.
func unassignedCase(v *view, q *signal.Queue, t *queueTrack) (Case, bool) {
	c := Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical, Orders: q.Sample}
	var where []string
	for j := range q.Partitions {
		pt := &t.partitions[j]
		if !pt.unassignedSince.Known() || !pt.stuckSince.Known() {
			continue
		}
		since := max(pt.unassignedSince, pt.stuckSince)
		if pt.seenFor(since, v.at) < q.Objective.AbsentAfter {
			continue
		}
		if !c.Since.Known() || since < c.Since {
			c.Since = since
		}
		c.Count += pt.waiting
		where = append(where, fmt.Sprint(pt.id))
	}
	if len(where) == 0 {
		return c, false
	}
	c.DecidableAt = c.Since.Add(q.Objective.AbsentAfter)
	c.Evidence = signal.Evidence{
		{Name: "unassigned_partitions", Value: strings.Join(where[:min(len(where), maxRanges)], ", ")},
		{Name: "waiting_messages", Value: fmt.Sprint(c.Count)},
		{Name: "consumers", Value: fmt.Sprint(q.Consumers)},
		{Name: "nobody_reads_for", Value: inWords(v.at.Sub(c.Since))},
	}
	return c, true
}
