package kafka

import (
	"maps"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/age"
	"github.com/lostorder/lostorder/internal/signal"
)

// forgetAfter is for how many readings something may be missing before what was
// learned of it is forgotten: a broker that is down for a while is no reason.
const forgetAfter = 100

// refusedFor is how long it is not tried again to read messages that we may not.
const refusedFor = 10 * time.Minute

// history is what is kept from one reading to the next.
type history struct {
	reading uint64
	parts   int // partitions of the last reading, to allocate as many at once
	topics  map[string]*topicPast
	queues  map[queueKey]*queuePast
	refused map[string]signal.Instant // topics whose messages we may not read, since when
	// settingsFailed is when a broker did not tell the settings of topics.
	settingsFailed signal.Instant
}

type queueKey struct{ topic, group string }

// topicPast is what was learned of a topic.
type topicPast struct {
	seen     uint64
	parts    []age.Timeline
	settings topicSettings

	newest    [][]message // of a dead letter queue, by partition
	newestEnd []int64     // the end of the log when newest was read
	sights    map[int32]*sight
	id        sarama.Uuid // of the topic of which this was read
}

// begin starts a reading.
func (h *history) begin() { h.reading++ }

// end forgets what was not seen for long.
func (h *history) end(now signal.Instant) {
	maps.DeleteFunc(h.topics, func(_ string, past *topicPast) bool { return past.seen+forgetAfter < h.reading })
	maps.DeleteFunc(h.refused, func(_ string, at signal.Instant) bool { return now.Sub(at) > refusedFor })
	maps.DeleteFunc(h.queues, func(_ queueKey, past *queuePast) bool { return past.seen+forgetAfter < h.reading })
}

// queuePast is what was learned of a topic as one group sees it, by partition.
type queuePast struct {
	seen    uint64
	commits []commitPast
	peeks   map[int32]*peek
}

// commitPast is an offset and since when it has been the committed one.
type commitPast struct {
	offset int64
	since  signal.Instant
}

func newHistory() *history {
	return &history{topics: map[string]*topicPast{}, queues: map[queueKey]*queuePast{}, refused: map[string]signal.Instant{}}
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
		past.parts = append(past.parts, make([]age.Timeline, missing)...)
	}
	return past
}

// queue notes the commits of a queue and returns what is known of it.
func (h *history) queue(t *topic, group string, parts []signal.Partition, now signal.Instant) *queuePast {
	key := queueKey{t.name, group}
	past := h.queues[key]
	if past == nil {
		past = &queuePast{}
		h.queues[key] = past
	}
	past.seen = h.reading
	if missing := len(t.leaders) - len(past.commits); missing > 0 {
		past.commits = append(past.commits, make([]commitPast, missing)...)
	}
	for i := range parts {
		p := &parts[i]
		if c := &past.commits[p.ID]; !c.since.Known() || c.offset != p.Committed {
			*c = commitPast{offset: p.Committed, since: now}
		}
	}
	return past
}

// refuse notes that the messages of a topic may not be read; refuses reports
// whether that was so a while ago.
func (h *history) refuse(topic string, now signal.Instant) { h.refused[topic] = now }

func (h *history) refuses(topic string) bool {
	_, ok := h.refused[topic]
	return ok
}
