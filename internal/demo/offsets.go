package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// offsets returns the committed offset and the log end of a consumer's topic, which has
// one partition. A group that does not exist yet has committed nothing.
func (s *Shop) offsets(ctx context.Context, c *consumer) (committed, end int64, err error) {
	fetch := kmsg.NewPtrOffsetFetchRequest()
	group := kmsg.NewOffsetFetchRequestGroup()
	topic := kmsg.NewOffsetFetchRequestGroupTopic()
	topic.Topic, topic.Partitions = c.topic, []int32{0}
	group.Group, group.Topics = c.group, []kmsg.OffsetFetchRequestGroupTopic{topic}
	fetch.Groups = []kmsg.OffsetFetchRequestGroup{group}
	fetched, err := fetch.RequestWith(ctx, s.producer)
	if err != nil {
		return 0, 0, fmt.Errorf("read offsets of %s: %w", c.group, err)
	}
	answer := fetched.Groups[0]
	switch err := kerr.ErrorForCode(answer.ErrorCode); {
	case errors.Is(err, kerr.GroupIDNotFound):
	case err != nil:
		return 0, 0, fmt.Errorf("read offsets of %s: %w", c.group, err)
	default:
		committed = max(0, answer.Topics[0].Partitions[0].Offset)
	}

	list := kmsg.NewPtrListOffsetsRequest()
	listTopic := kmsg.NewListOffsetsRequestTopic()
	partition := kmsg.NewListOffsetsRequestTopicPartition()
	partition.Timestamp = -1 // the end
	listTopic.Topic, listTopic.Partitions = c.topic, []kmsg.ListOffsetsRequestTopicPartition{partition}
	list.Topics = []kmsg.ListOffsetsRequestTopic{listTopic}
	listed, err := list.RequestWith(ctx, s.producer)
	if err != nil {
		return 0, 0, fmt.Errorf("read end of %s: %w", c.topic, err)
	}
	of := listed.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(of.ErrorCode); err != nil {
		return 0, 0, fmt.Errorf("read end of %s: %w", c.topic, err)
	}
	return committed, of.Offset, nil
}
