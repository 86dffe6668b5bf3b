package kafka

import (
	"cmp"
	"slices"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// queue is a topic as one group sees it: a stretch of the reading's partitions.
type queue struct {
	topic    int32
	group    *group
	from, to int
	waiting  []signal.OrderRef
}

// addQueue makes the queue of a topic and a group with all partitions of the
// topic, none committed, and returns where its partitions begin. The caller holds
// the lock.
func (r *reading) addQueue(i int32, g *group) (from int) {
	t := &r.topics[i]
	from = len(r.parts)
	for p := range t.leaders {
		part := signal.Partition{ID: int32(p), Start: signal.Unknown, End: signal.Unknown, Committed: signal.Unknown}
		if g.wholly {
			part.Assignment = signal.Unassigned
		}
		r.parts = append(r.parts, part)
	}
	if h := g.holds[i]; h != nil {
		for _, p := range h.partitions {
			if int(p) < len(t.leaders) && p >= 0 {
				r.parts[from+int(p)].Assignment = signal.Assigned
			}
		}
	}
	r.queues = append(r.queues, queue{topic: i, group: g, from: from, to: len(r.parts)})
	return from
}

// keepOnly leaves in the last queue only the partitions that were committed. Of a
// group that only commits nobody knows which others it means to read.
func (r *reading) keepOnly(from int, commits map[int32]*sarama.OffsetFetchResponseBlock) {
	kept := r.parts[:from]
	for _, part := range r.parts[from:] {
		block := commits[part.ID]
		if block != nil && block.Err == sarama.ErrNoError && block.Offset >= 0 {
			part.Committed = block.Offset
			kept = append(kept, part)
		}
	}
	r.parts = kept
	r.queues[len(r.queues)-1].to = len(kept)
}

// closeQueues fills in what was read after the commits, and leaves out queues of topics
// of which nothing could be read.
func (r *reading) closeQueues() {
	kept := r.queues[:0]
	for _, q := range r.queues {
		t := &r.topics[q.topic]
		if t.gone {
			continue
		}
		known := false
		for i := q.from; i < q.to; i++ {
			part := &r.parts[i]
			part.Start, part.End = t.start[part.ID], t.end[part.ID]
			known = known || part.End >= 0
		}
		if known {
			kept = append(kept, q)
		}
	}
	r.queues = kept
	slices.SortFunc(r.queues, func(a, b queue) int {
		if a.topic != b.topic {
			return cmp.Compare(a.topic, b.topic)
		}
		return cmp.Compare(a.group.name, b.group.name)
	})
	r.history.parts = len(r.parts)
}

// partsOf returns the partitions of a queue, which cannot grow into those of another.
func (r *reading) partsOf(q *queue) []signal.Partition { return r.parts[q.from:q.to:q.to] }
