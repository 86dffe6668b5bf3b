package kafka

import (
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// describeAfter and describeWithin are for how many intervals, and how long at most, the
	// description of a group is used.
	describeAfter  = 4
	describeWithin = time.Minute
)

// description is what was last read about the members of a group. Nothing that is cheaper
// than describing the group shows which members it has. But while the group is stable and
// each of its partitions makes progress or has nothing to process, no decision depends on
// that.
type description struct {
	group *group
	at    signal.Instant
	calm  uint64 // the last reading in which nothing waited without progress
}

// described fills in the members of a group from the last description, and reports whether
// that is enough.
func (r *reading) described(g *group) bool {
	if g.state != stateStable { // a broker before 2.6 does not return the state
		return false
	}
	past, ok := r.history.descriptions[g.name]
	if !ok || past.calm != r.history.reading-1 || past.group.kind != g.kind || past.group.state != g.state {
		return false
	}
	within := min(describeWithin, describeAfter*time.Duration(r.config.Interval))
	if signal.InstantOf(time.Now()).Sub(past.at) >= within {
		return false
	}
	*g = *past.group
	g.kept = true
	return true
}

// keepDescriptions keeps the descriptions of groups that need not be described in the next
// reading.
func (r *reading) keepDescriptions() {
	calm := map[string]bool{}
	for i := range r.queues {
		q := &r.queues[i]
		before, known := calm[q.group.name]
		calm[q.group.name] = (before || !known) && r.calm(q)
	}
	last := r.history.descriptions
	r.history.descriptions = map[string]description{}
	for _, groups := range r.groups {
		for _, g := range groups {
			if g.members <= 0 || !g.assigned || !calm[g.name] {
				continue
			}
			one := description{group: g, at: r.now}
			if g.kept {
				one = last[g.name]
			}
			one.calm = r.history.reading
			r.history.descriptions[g.name] = one
		}
	}
}

// calm reports whether each partition of a queue makes progress or has nothing to process.
func (r *reading) calm(q *queue) bool {
	if q.leftOver {
		return true
	}
	past := r.history.queues[queueKey{r.topics[q.topic].name, q.group.name}]
	if past == nil || q.beyondEnd {
		return false
	}
	for _, p := range r.partsOf(q) {
		progress := past.commits[p.ID].since == r.now
		if p.End < 0 || p.Uncommitted() > 0 || p.Lag() > 0 && !progress {
			return false
		}
	}
	return true
}

// keepLayout drops the descriptions of groups when topics or partitions came or went: groups
// may read the new ones, and descriptions refer to topics by their place.
func (h *history) keepLayout(topics []topic) {
	sum := fnv.New64a()
	var count [4]byte
	for i := range topics {
		t := &topics[i]
		binary.BigEndian.PutUint32(count[:], uint32(len(t.leaders))) //nolint:gosec // a number of partitions
		_, _ = sum.Write([]byte(t.name))                             // never fails
		_, _ = sum.Write(t.id[:])
		_, _ = sum.Write(count[:])
	}
	if layout := sum.Sum64(); layout != h.layout {
		h.layout, h.descriptions = layout, nil
	}
}
