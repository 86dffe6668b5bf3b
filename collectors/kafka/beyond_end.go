package kafka

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// beyondEnd is a partition whose group committed an offset beyond the end of the log: the
// topic was recreated, an unclean leader election lost messages, or a mirror translated
// the offset. Which messages the group will still get is unknown until its consumers ask.
type beyondEnd struct {
	topic, group string
	partition    int32
}

// findBeyondEnd finds the commits beyond the end of a log. A new leader may return an older
// end for a moment, so the previous reading must have found the same commit there.
func (r *reading) findBeyondEnd() {
	found := map[beyondEnd]int64{}
	for i := range r.queues {
		q := &r.queues[i]
		t := &r.topics[q.topic]
		skipped, first := int64(0), ""
		for _, p := range r.partsOf(q) {
			if p.End < 0 || p.Committed <= p.End {
				continue
			}
			key := beyondEnd{t.name, q.group.name, p.ID}
			found[key] = p.Committed
			if before, ok := r.history.beyondEnd[key]; !ok || before != p.Committed {
				continue
			}
			q.beyondEnd = true
			skipped += p.Committed - p.End
			if first == "" {
				first = fmt.Sprintf("offset %d on partition %d, whose log ends at %d", p.Committed, p.ID, p.End)
			}
		}
		if q.beyondEnd {
			r.beyondEnd = append(r.beyondEnd, fmt.Sprintf("group %s committed beyond the end of topic %s (%s): it skips the next %d messages, or auto.offset.reset applies; reset its offsets with %s",
				q.group.name, t.name, first, skipped, q.group.tool()))
		}
	}
	r.history.beyondEnd = found
}

// ready is unknown where a commit lies beyond the end of a log.
func (q *queue) ready(sum signal.Count) signal.Count {
	if q.beyondEnd {
		return signal.Unknown
	}
	return sum
}
