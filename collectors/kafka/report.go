package kafka

import (
	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// fill writes the report.
func (r *reading) fill(report *signal.Report) {
	report.Identity = r.identity
	report.Queues = make([]signal.Queue, 0, len(r.queues))
	for i := range r.queues {
		if q := &r.queues[i]; q.leftOver {
			report.Queues = append(report.Queues, r.leftOverQueue(q))
		} else {
			report.Queues = append(report.Queues, r.queueOf(q))
		}
	}
	if r.missing.Err() == nil { // otherwise a group that reads them may be missing
		report.Queues = append(report.Queues, r.unreadTopics()...)
	}
	report.DeadLetters = r.deadLetterReports()
	report.Warnings = r.warnings()
}

// unreadTopics returns the topics that no group reads, as queues without a group, with
// what was published to them.
func (r *reading) unreadTopics() []signal.Queue {
	read := make([]bool, len(r.topics))
	for i := range r.queues {
		read[r.queues[i].topic] = true
	}
	var unread []signal.Queue
	for i := range r.topics {
		t := &r.topics[i]
		if read[i] || t.deleted || len(t.end) == 0 {
			continue
		}
		s := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: r.config.Name, Destination: t.name})
		s.Semantics, s.Purpose = &semantics, t.purpose
		s.Published = 0
		for _, end := range t.end {
			if end < 0 {
				s.Published = signal.Unknown // a part of the sum would look like a reset
				break
			}
			s.Published += signal.Count(end)
		}
		unread = append(unread, s)
	}
	return unread
}

// queueOf sums up one queue.
func (r *reading) queueOf(q *queue) signal.Queue {
	t, g := &r.topics[q.topic], q.group
	s := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: r.config.Name, Destination: t.name, Group: g.name})
	s.Semantics, s.Purpose = &semantics, t.purpose
	if t.id != (sarama.Uuid{}) { // an old broker gives topics no ids
		s.Incarnation = t.id.String()
	}
	if !t.purpose.Role.KeepsFailed() {
		s.Delay = collectors.DelayInName(t.name)
	}
	s.Objective = r.config.objective(t.name, g.name).After(s.Delay)
	s.GroupState = g.state
	s.Setup, s.Unpaired = t.past.settings.setup, q.unpaired
	s.Consumers = g.consumers(q.topic)
	s.Members = g.fingerprint
	s.PerPartition, s.FullPartitionLabels = r.config.Granularity == granularityPartition, r.config.PartitionLabels == labelsFull
	s.Partitions = r.partsOf(q)
	s.Ready, s.Uncommitted = 0, 0
	s.Sample = q.waiting
	s.OpenTransactions, s.OffsetMoves = q.openTransactions, q.moves
	s.PositionUntil, s.PositionKept = q.positionUntil, q.positionKept
	whole := true
	var end, committed signal.Count
	for i := range s.Partitions {
		p := &s.Partitions[i]
		if p.End < 0 {
			whole = false
			continue
		}
		s.Ready += signal.Count(waiting(p))
		s.Uncommitted += signal.Count(p.Uncommitted())
		end += signal.Count(p.End)
		committed += signal.Count(max(0, p.Committed))
		if !p.NothingToDeliver {
			s.Oldest = older(s.Oldest, p.Head)
		}
	}
	s.Ready = q.ready(s.Ready)
	// A part of the sum of a counter would look like a reset.
	if whole {
		s.Published, s.Acknowledged = end, committed
	}
	return s
}

// waiting returns how many messages wait in a partition. What no consumer ever sees does
// not wait.
func waiting(p *signal.Partition) int64 {
	if p.NothingToDeliver {
		return 0
	}
	return p.Lag()
}

// older returns the greater of two ages. Where one is a lower bound it may be the older
// one, so the result is a lower bound, too.
func older(a, b signal.Age) signal.Age {
	switch {
	case !b.Known():
		return a
	case !a.Known():
		return b
	}
	if b.Since < a.Since {
		a, b = b, a
	}
	if b.Bound == signal.AtLeast {
		a.Bound = signal.AtLeast
	}
	return a
}

// consumers returns how many members read a topic, or will once partitions are assigned.
// It is 0 only when there is certainly none.
func (g *group) consumers(topic int32) signal.Count {
	h := g.topics[topic]
	switch {
	case g.members < 0:
		return signal.Unknown
	case h != nil && h.owners > 0:
		return signal.Count(h.owners)
	case h != nil && h.subscribers > 0:
		return signal.Count(h.subscribers)
	case g.assigned:
		return 0
	}
	return signal.Count(g.members) // their subscriptions are not known yet
}
