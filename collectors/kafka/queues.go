package kafka

import (
	"cmp"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// queue is a topic and a group: a range of the reading's partitions.
type queue struct {
	topic    int32
	group    *group
	from, to int
	waiting  []signal.OrderRef

	openTransactions []signal.OpenTransaction
	moves            []signal.OffsetMove
	positionUntil    signal.Instant
	positionKept     time.Duration

	unpaired *signal.Unpaired

	share map[int32]shareProgress // of a share group

	beyondEnd bool  // a commit lies beyond the end of a log
	leftOver  bool  // the group no longer subscribes to the topic
	waits     int64 // of left over offsets: how many messages come after them
}

// addQueue adds the queue of a topic and a group with all partitions of the topic and no
// commits, and returns where its partitions begin. The caller holds the lock.
func (r *reading) addQueue(i int32, g *group) (from int) {
	t := &r.topics[i]
	from = len(r.parts)
	for p := range t.leaders {
		part := signal.NewPartition(int32(p))
		if g.assigned {
			part.Assignment = signal.Unassigned
		}
		r.parts = append(r.parts, part)
	}
	if h := g.topics[i]; h != nil {
		for _, p := range h.partitions {
			if int(p) < len(t.leaders) && p >= 0 {
				r.parts[from+int(p)].Assignment = signal.Assigned
			}
		}
	}
	r.queues = append(r.queues, queue{topic: i, group: g, from: from, to: len(r.parts)})
	return from
}

// keepCommitted leaves in the last queue only partitions with a commit. Which others a
// group without members reads is unknown.
func (r *reading) keepCommitted(from int, commits map[int32]*sarama.OffsetFetchResponseBlock) {
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

// closeQueues fills in the offsets that were read after the commits, and drops queues of
// topics without any.
func (r *reading) closeQueues() {
	kept := r.queues[:0]
	for _, q := range r.queues {
		t := &r.topics[q.topic]
		if t.deleted {
			continue
		}
		known := false
		for i := q.from; i < q.to; i++ {
			part := &r.parts[i]
			part.Start, part.End = t.start[part.ID], t.end[part.ID]
			if q.group.kind == typeShare {
				r.placeShare(&q, part)
			}
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
	r.findBeyondEnd()
	r.dropLeftOver()
}

// partsOf returns the partitions of a queue. An append cannot overwrite those of another.
func (r *reading) partsOf(q *queue) []signal.Partition { return r.parts[q.from:q.to:q.to] }
