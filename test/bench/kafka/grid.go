package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// size is how large the grid is.
type size struct {
	Topics     int `json:"topics"`
	Partitions int `json:"partitions"`
	Groups     int `json:"groups"`
	Commits    int `json:"commits"`
	Records    int `json:"records"`
}

// grid is the watched topics and groups.
type grid struct {
	size
	client *kgo.Client
	topics []string
	groups []string
	there  int64 // records that an earlier run left behind
}

// createWithin is how long a broker may take until it knows all partitions. It reports some
// as unknown long after CreateTopics returned.
const createWithin = 5 * time.Minute

func openGrid(addr string, s size) (*grid, error) {
	if s.Topics < 1 || s.Partitions < 1 || s.Commits < 1 || s.Commits > s.Topics*s.Partitions {
		return nil, errors.New("the grid needs a topic, a partition and a commit at least, and no more commits of a group than partitions")
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(20*time.Millisecond))
	if err != nil {
		return nil, err
	}
	g := &grid{size: s, client: client}
	for i := range s.Topics {
		g.topics = append(g.topics, fmt.Sprintf("bench-topic-%03d", i))
	}
	for i := range s.Groups {
		g.groups = append(g.groups, fmt.Sprintf("bench-group-%03d", i))
	}
	return g, nil
}

func (g *grid) close() { g.client.Close() }

func (g *grid) build(ctx context.Context) error {
	for _, step := range []func(context.Context) error{g.create, g.awaitPartitions, g.fill, g.commit} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (g *grid) create(ctx context.Context) error {
	m := newMeter(fmt.Sprintf("create %d topics of %d partitions", g.Topics, g.Partitions), g.Topics)
	done := 0
	for batch := range slices.Chunk(g.topics, 20) {
		req := kmsg.NewPtrCreateTopicsRequest()
		req.TimeoutMillis = 120_000
		for _, name := range batch {
			topic := kmsg.NewCreateTopicsRequestTopic()
			topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, int32(g.Partitions), 1
			req.Topics = append(req.Topics, topic)
		}
		resp, err := req.RequestWith(ctx, g.client)
		if err != nil {
			return fmt.Errorf("create topics: %w", err)
		}
		for _, topic := range resp.Topics {
			if err := kerr.ErrorForCode(topic.ErrorCode); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
				return fmt.Errorf("create topic %s: %w", topic.Topic, err)
			}
		}
		done += len(batch)
		m.at(done)
	}
	return nil
}

// awaitPartitions lists the ends of all logs until every partition answers.
func (g *grid) awaitPartitions(ctx context.Context) error {
	m := newMeter("wait until the broker knows all partitions", g.Topics*g.Partitions)
	for deadline := time.Now().Add(createWithin); ; {
		ready := 0
		g.there = 0
		for _, shard := range g.client.RequestSharded(ctx, g.endsRequest()) {
			answer, ok := shard.Resp.(*kmsg.ListOffsetsResponse)
			if shard.Err != nil || !ok {
				continue
			}
			for _, topic := range answer.Topics {
				for _, p := range topic.Partitions {
					if p.ErrorCode == 0 {
						ready++
						g.there += p.Offset
					}
				}
			}
		}
		switch {
		case ready == g.Topics*g.Partitions:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return fmt.Errorf("after %s the broker knows %d partitions of %d", createWithin, ready, g.Topics*g.Partitions)
		}
		m.at(ready)
		time.Sleep(500 * time.Millisecond)
	}
}

func (g *grid) endsRequest() *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	for _, name := range g.topics {
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = name
		for p := range int32(g.Partitions) {
			one := kmsg.NewListOffsetsRequestTopicPartition()
			one.Partition, one.Timestamp, one.CurrentLeaderEpoch = p, -1, -1
			topic.Partitions = append(topic.Partitions, one)
		}
		req.Topics = append(req.Topics, topic)
	}
	return req
}

// fill writes the same number of records into every partition.
func (g *grid) fill(ctx context.Context) error {
	switch all := int64(g.Records * g.Topics * g.Partitions); g.there {
	case 0:
	case all:
		return nil
	default:
		return fmt.Errorf("there are topics with %d records, not %d; delete them", g.there, all)
	}
	m := newMeter(fmt.Sprintf("write %d records into each partition", g.Records), g.Records*g.Topics*g.Partitions)
	var failed error
	done := 0
	for n := range g.Records {
		for _, name := range g.topics {
			for p := range int32(g.Partitions) {
				g.client.Produce(ctx, &kgo.Record{Topic: name, Partition: p, Key: fmt.Appendf(nil, "order-%d", n), Value: []byte("{}")},
					func(_ *kgo.Record, err error) { failed = errors.Join(failed, err) })
			}
			done += g.Partitions
			m.at(done)
		}
		// With pauses, so that messages have different timestamps.
		if err := errors.Join(g.client.Flush(ctx), failed); err != nil {
			return fmt.Errorf("write records: %w", err)
		}
	}
	return nil
}

// remove deletes the topics and groups.
func (g *grid) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	say("remove the topics and groups")
	topics := kmsg.NewPtrDeleteTopicsRequest()
	topics.TimeoutMillis = 60_000
	for _, name := range g.topics {
		topic := kmsg.NewDeleteTopicsRequestTopic()
		topic.Topic = new(name)
		topics.Topics, topics.TopicNames = append(topics.Topics, topic), append(topics.TopicNames, name)
	}
	groups := kmsg.NewPtrDeleteGroupsRequest()
	groups.Groups = g.groups
	if _, err := groups.RequestWith(ctx, g.client); err != nil {
		say("groups were left behind: %s", err)
	}
	if _, err := topics.RequestWith(ctx, g.client); err != nil {
		say("topics were left behind: %s", err)
	}
}
