package kafka

import "github.com/lostorder/lostorder/internal/signal"

// forgetAfter is for how many readings something may be missing before what was
// learned of it is forgotten: a broker that is down for a while is no reason.
const forgetAfter = 100

// history is what is kept from one reading to the next.
type history struct {
	reading uint64
	parts   int // partitions of the last reading, to allocate as many at once
	topics  map[string]*topicPast
	queues  map[queueKey]*queuePast
}

type queueKey struct{ topic, group string }

// topicPast is what was learned of a topic.
type topicPast struct {
	seen  uint64
	parts []partPast
}

// partPast is what was learned of one partition of a topic.
type partPast struct {
}

// queuePast is what was learned of a topic as one group sees it, by partition.
type queuePast struct {
	seen    uint64
	commits []commitPast
}

// commitPast is an offset and since when it has been the committed one.
type commitPast struct {
	offset int64
	since  signal.Instant
}

func newHistory() *history {
	return &history{topics: map[string]*topicPast{}, queues: map[queueKey]*queuePast{}}
}

// topic returns what is known of a topic.
func (h *history) topic(t *topic) *topicPast {
	past := h.topics[t.name]
	if past == nil {
		past = &topicPast{}
		h.topics[t.name] = past
	}
	past.seen = h.reading
	if missing := len(t.leaders) - len(past.parts); missing > 0 {
		past.parts = append(past.parts, make([]partPast, missing)...)
	}
	return past
}
