package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commit lets every group commit on its share of the partitions, as a consumer that assigns
// partitions itself: the groups have no members.
func (g *grid) commit(ctx context.Context) error {
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, g.client)
	if err != nil {
		return fmt.Errorf("read topic ids: %w", err)
	}
	ids := map[string][16]byte{}
	for _, topic := range meta.Topics {
		if topic.Topic != nil {
			ids[*topic.Topic] = topic.TopicID
		}
	}
	m := newMeter(fmt.Sprintf("commit for %d groups on %d partitions each", g.Groups, g.Commits), g.Groups)
	for i := range g.groups {
		req := kmsg.NewPtrOffsetCommitRequest()
		req.Group, req.Generation = g.groups[i], -1
		g.share(i, func(topic string, p int32, offset int64) {
			if n := len(req.Topics); n == 0 || req.Topics[n-1].Topic != topic {
				one := kmsg.NewOffsetCommitRequestTopic()
				one.Topic, one.TopicID = topic, ids[topic]
				req.Topics = append(req.Topics, one)
			}
			one := kmsg.NewOffsetCommitRequestTopicPartition()
			one.Partition, one.Offset = p, offset
			last := &req.Topics[len(req.Topics)-1]
			last.Partitions = append(last.Partitions, one)
		})
		resp, err := req.RequestWith(ctx, g.client)
		if err != nil {
			return fmt.Errorf("commit for group %s: %w", g.groups[i], err)
		}
		for _, topic := range resp.Topics {
			for _, p := range topic.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return fmt.Errorf("commit for group %s: %w", g.groups[i], err)
				}
			}
		}
		m.at(i)
	}
	return nil
}

// share calls do for each partition on which the i-th group commits: consecutive topics,
// starting at a different topic for each group.
func (g *grid) share(i int, do func(topic string, p int32, offset int64)) {
	first := i * g.Topics / g.Groups
	for n := range g.Commits {
		topic, p := (first+n/g.Partitions)%g.Topics, n%g.Partitions
		// Lags range from zero to all records but one.
		do(g.topics[topic], int32(p), int64(1+(i+n)%max(1, g.Records)))
	}
}

// lag is the sum of all lags, to verify what an exporter reads.
func (g *grid) lag() (messages, partitions int64) {
	for i := range g.groups {
		g.share(i, func(_ string, _ int32, offset int64) {
			partitions++
			messages += max(0, int64(g.Records)-offset)
		})
	}
	return messages, partitions
}
