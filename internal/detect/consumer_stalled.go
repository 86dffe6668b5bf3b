package detect

import (
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// consumerStalled: a member owns the partition, a message waits, and the committed
// offset has not moved for as long as a message may wait. It is judged in
// wall-clock time and per partition: one hanging partition hides among many
// busy ones, and topics that carry few messages are those that carry orders.
var consumerStalled = Decision{
	Mode:        signal.ConsumerStalled,
	Description: "Consumers are connected, messages wait, and nothing advances.",
	BenignTwin:  "A slow consumer that advances, an idle topic, a rebalance or a broker restart, a lag made of commit markers only.",
	judge:       judgeConsumerStalled,
}

func judgeConsumerStalled(v *view) []Case {
	var cases []Case
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		t := v.history.queues[q.QueueID]
		if t.consumers == 0 || q.Objective.MaxAge <= 0 || v.deadLetters(q) {
			continue
		}
		var stuck []int
		for j := range q.Partitions {
			pt := &t.partitions[j]
			if since := t.stalledSince(pt); since.Known() && pt.seenFor(since, v.at) >= q.Objective.MaxAge {
				stuck = append(stuck, j)
			}
		}
		if len(stuck) > 0 {
			cases = append(cases, stalledCase(v, q, t, stuck))
		}
	}
	return cases
}

func stalledCase(v *view, q *signal.Queue, t *queueTrack, stuck []int) Case {
	c := Case{Subject: queueSubject(q.QueueID), Severity: signal.Critical, Orders: q.Sample}
	var where []string
	oldest := signal.Age{}
	for _, j := range stuck {
		p, pt := &q.Partitions[j], &t.partitions[j]
		since := pt.stuckSince
		if !pt.sawProgress && p.Head.Bound == signal.Measured && p.Head.Since < since {
			since = p.Head.Since // it stood still before we looked
		}
		if !c.Since.Known() || since < c.Since {
			c.Since = since
		}
		if d := t.stalledSince(pt).Add(q.Objective.MaxAge); !c.DecidableAt.Known() || d < c.DecidableAt {
			c.DecidableAt = d
		}
		if p.Head.Known() && (!oldest.Known() || p.Head.Since < oldest.Since) {
			oldest = p.Head
		}
		c.Count += pt.waiting
		if len(where) < maxRanges {
			where = append(where, partitionPosition(p))
		}
	}
	c.Evidence = signal.Evidence{
		{Name: "stuck_partitions", Value: fmt.Sprintf("%d of %d", len(stuck), len(q.Partitions))},
		{Name: "position", Value: strings.Join(where, "; ")},
		{Name: "waiting_messages", Value: fmt.Sprint(c.Count)},
	}
	if oldest.Known() {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "oldest_message_age", Value: inWords(oldest.At(v.at)) + " (" + oldest.Bound.String() + ")"})
	}
	c.Evidence = append(c.Evidence,
		signal.Fact{Name: "no_progress_for", Value: inWords(v.at.Sub(c.DecidableAt) + q.Objective.MaxAge)},
		signal.Fact{Name: "objective_max_age", Value: inWords(q.Objective.MaxAge)},
	)
	if q.Consumers.Known() {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "consumers", Value: fmt.Sprint(q.Consumers)})
	}
	if q.GroupState != "" {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "group_state", Value: q.GroupState})
	}
	return c
}

func partitionPosition(p *signal.Partition) string {
	if p.Start < 0 && p.Committed >= 0 && p.End >= 0 {
		return fmt.Sprintf("%d processed, %d wait", p.Committed, p.Lag())
	}
	if p.End < 0 {
		return fmt.Sprintf("partition %d: committed %d, log end not read now", p.ID, p.Committed)
	}
	if p.Committed < 0 {
		return fmt.Sprintf("partition %d: never committed, log end %d", p.ID, p.End)
	}
	return fmt.Sprintf("partition %d: committed %d, log end %d", p.ID, p.Committed, p.End)
}
