package kafka

import (
	"maps"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/age"
	"github.com/lostorder/lostorder/internal/signal"
)

// forgetAfter is for how many readings something may be missing before its history is
// dropped: a broker may be down for a while.
const forgetAfter = 100

// deniedFor is how long lostorder waits after a refusal before it tries to read messages
// again.
const deniedFor = 10 * time.Minute

// history is kept from one reading to the next.
type history struct {
	reading uint64
	parts   int // partitions of the last reading, to allocate them at once
	topics  map[string]*topicPast
	queues  map[queueKey]*queuePast
	// beyondEnd are the commits beyond the end of a log in the last reading.
	beyondEnd map[beyondEnd]int64
	// writes are the last writes to open transactions.
	writes map[heldPartition]lastWrite
	// descriptions are of groups that need not be described again, by their names; layout is
	// of the topics to which they refer.
	descriptions map[string]description
	layout       uint64
	denied       map[string]signal.Instant // topics with messages that may not be read, and since when
	// offsetsTopic is where __consumer_offsets was read to; nil unless it is followed.
	offsetsTopic *offsetsTopic
	// settingsFailed is when the settings of topics could not be read.
	settingsFailed signal.Instant
}

type queueKey struct{ topic, group string }

// topicPast is the history of a topic.
type topicPast struct {
	seen     uint64
	gone     bool // it was deleted
	parts    []age.Timeline
	settings topicSettings
	// attendance is of a dead letter queue.
	attendance collectors.Attendance

	newest    [][]message // of a dead letter queue, by partition
	newestEnd []int64     // the end of the log when newest was read
	samples   map[int32]*dlqSample
	id        sarama.Uuid // of the topic that this belongs to
}

// begin starts a reading.
func (h *history) begin() { h.reading++ }

// end drops the history of what was not seen for long.
func (h *history) end(now signal.Instant) {
	maps.DeleteFunc(h.topics, func(_ string, past *topicPast) bool { return past.seen+forgetAfter < h.reading })
	maps.DeleteFunc(h.writes, func(_ heldPartition, w lastWrite) bool { return w.seen+forgetAfter < h.reading })
	maps.DeleteFunc(h.denied, func(_ string, at signal.Instant) bool { return now.Sub(at) > deniedFor })
	maps.DeleteFunc(h.queues, func(_ queueKey, past *queuePast) bool { return past.seen+forgetAfter < h.reading })
}

// queuePast is the history of a topic and a group, by partition.
type queuePast struct {
	seen    uint64
	gone    bool // the group was deleted
	commits []commitPast
	samples map[int32]*headSample
}

// commitPast is a committed offset and since when it has been.
type commitPast struct {
	offset int64
	since  signal.Instant
	end    int64 // of the log at that time
}

// head returns the first offset that waits. A group that never committed may have started
// at the end: what was there before may not be for it.
func (c *commitPast) head(p *signal.Partition) int64 {
	if p.Committed < 0 {
		return max(c.end, p.Start)
	}
	return headOf(p)
}

func newHistory() *history {
	return &history{topics: map[string]*topicPast{}, queues: map[queueKey]*queuePast{}, denied: map[string]signal.Instant{}, writes: map[heldPartition]lastWrite{}}
}

// topic returns the history of a topic.
func (h *history) topic(t *topic) *topicPast {
	past := h.topics[t.name]
	if past == nil {
		past = &topicPast{}
		h.topics[t.name] = past
	}
	past.seen, past.gone = h.reading, false
	if missing := len(t.leaders) - len(past.parts); missing > 0 {
		past.parts = append(past.parts, make([]age.Timeline, missing)...)
	}
	return past
}

// queue keeps the commits of a queue and returns its history.
func (h *history) queue(t *topic, group string, parts []signal.Partition, now signal.Instant) *queuePast {
	key := queueKey{t.name, group}
	past := h.queues[key]
	if past == nil {
		past = &queuePast{}
		h.queues[key] = past
	}
	past.seen, past.gone = h.reading, false
	if missing := len(t.leaders) - len(past.commits); missing > 0 {
		past.commits = append(past.commits, make([]commitPast, missing)...)
	}
	for i := range parts {
		p := &parts[i]
		if c := &past.commits[p.ID]; !c.since.Known() || c.offset != p.Committed || c.end < 0 || p.End >= 0 && p.End < c.end {
			*c = commitPast{offset: p.Committed, since: now, end: p.End}
		}
	}
	return past
}

// deny notes that the messages of a topic may not be read; denies reports it.
func (h *history) deny(topic string, now signal.Instant) { h.denied[topic] = now }

func (h *history) denies(topic string) bool {
	_, ok := h.denied[topic]
	return ok
}
