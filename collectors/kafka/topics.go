package kafka

import (
	"cmp"
	"errors"
	"slices"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// topic is a topic in one reading. Its slices are indexed by partition.
type topic struct {
	name     string
	id       sarama.Uuid
	watched  bool    // chosen by the config
	deleted  bool    // since the reading began
	unknown  []int32 // partitions that a broker does not know, until the reason is found
	leaders  []int32
	start    []int64 // Unknown until read
	end      []int64 // Unknown until read
	stable   []int64 // the last stable offsets, where they were needed; Unknown until read
	past     *topicPast
	dlq      *deadLetters // not nil for a dead letter queue
	purpose  signal.Purpose
	unpaired bool // no name makes it a dead letter queue, and the config gives it no role
	excluded bool // its offsets are not read
}

// readTopics reads the topics and keeps those whose offsets are wanted.
func (r *reading) readTopics() error {
	answer, err := r.cluster.Metadata(r.ctx, false)
	if err != nil {
		return err
	}
	if answer.ClusterID != nil {
		r.identity = *answer.ClusterID
	}
	r.topics = make([]topic, 0, len(answer.Topics))
	for _, t := range answer.Topics {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		r.unmatchedTopics.See(t.Name)
		switch {
		case errors.Is(t.Err, sarama.ErrNoError), errors.Is(t.Err, sarama.ErrLeaderNotAvailable):
		case errors.Is(t.Err, sarama.ErrUnknownTopicOrPartition):
			continue // deleted just now
		default:
			if r.config.watchesTopic(t.Name) {
				r.missing.Add("topic "+t.Name, t.Err.Error())
			}
			continue
		}
		r.topics = append(r.topics, topic{name: t.Name, id: t.Uuid, watched: r.config.watchesTopic(t.Name), leaders: leaders(t)})
	}
	slices.SortFunc(r.topics, func(a, b topic) int { return cmp.Compare(a.name, b.name) })
	r.byName = make(map[string]int32, len(r.topics))
	r.byID = make(map[sarama.Uuid]int32, len(r.topics))
	for i := range r.topics {
		r.byName[r.topics[i].name] = int32(i)
		r.byID[r.topics[i].id] = int32(i)
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.history.keepLayout(r.topics)
	r.pairDeadLetters()
	for i := range r.topics {
		t := &r.topics[i]
		if t.excluded = !t.watched && t.dlq == nil; t.excluded {
			continue
		}
		offsets := make([]int64, 2*len(t.leaders))
		for j := range offsets {
			offsets[j] = signal.Unknown
		}
		t.start, t.end = offsets[:len(t.leaders):len(t.leaders)], offsets[len(t.leaders):]
		t.past = r.history.topic(t)
	}
	return nil
}

// leaders lists the leader of each partition, and -1 where there is none now.
func leaders(t *sarama.TopicMetadata) []int32 {
	list := make([]int32, len(t.Partitions))
	for i := range list {
		list[i] = -1
	}
	for _, p := range t.Partitions {
		if p.ID >= 0 && int(p.ID) < len(list) {
			list[p.ID] = p.Leader
		}
	}
	return list
}

// topicAt returns the watched topic of a name, or nil.
func (r *reading) topicAt(name string) (int32, *topic) {
	i, ok := r.byName[name]
	if !ok || r.topics[i].excluded {
		return -1, nil
	}
	return i, &r.topics[i]
}
