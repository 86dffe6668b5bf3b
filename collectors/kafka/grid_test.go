//go:build integration

package kafka_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// The grid that docs/ compares with other exporters: 10,000 partitions and
// 100,000 partitions of groups.
const (
	gridTopics     = 200
	gridPartitions = 50
	gridGroups     = 200
	gridShare      = 10 // topics of each group
	gridMessages   = 4
)

// BenchmarkGrid reads the grid while nothing lags, then while everything does.
func BenchmarkGrid(b *testing.B) {
	addr := address(b, "KAFKA_ADDR")
	c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	names := makeGrid(b, c)
	cfg := kafka.Config{Name: "grid", Brokers: []string{addr}, DLQ: []string{"{topic}.dlq"}}
	cfg.Timeout = config.Duration(60 * time.Second)
	reader := kafka.NewReader(cfg)
	defer reader.Close()
	measure := func(b *testing.B) {
		var before, after syscall.Rusage
		var last signal.Report
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			var report signal.Report
			if err := reader.Read(context.Background(), &report); err != nil {
				b.Fatal(err)
			}
			last = report
		}
		b.StopTimer()
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
		b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.Sys)/(1<<20), "MB-from-system")
		b.ReportMetric(float64(after.Maxrss)/1024, "MB-peak-rss")
		parts := 0
		for _, q := range last.Queues {
			parts += len(q.Partitions)
		}
		if parts != gridGroups*gridShare*gridPartitions {
			b.Fatalf("%d partitions of groups were read", parts)
		}
	}
	commitGrid(b, c, names, 0)
	b.Run("idle", measure)
	fillGrid(b, c, names)
	b.Run("lagging", measure)
}

func makeGrid(b *testing.B, c *kgo.Client) []string {
	b.Helper()
	names := make([]string, gridTopics)
	for i := range names {
		names[i] = fmt.Sprintf("grid-%03d", i)
	}
	for batch := range slices.Chunk(names, 20) {
		req := kmsg.NewPtrCreateTopicsRequest()
		req.TimeoutMillis = 120_000
		for _, name := range batch {
			rt := kmsg.NewCreateTopicsRequestTopic()
			rt.Topic, rt.NumPartitions, rt.ReplicationFactor = name, gridPartitions, 1
			req.Topics = append(req.Topics, rt)
		}
		resp, err := req.RequestWith(context.Background(), c)
		if err != nil {
			b.Fatal(err)
		}
		for _, rt := range resp.Topics {
			if err := kerr.ErrorForCode(rt.ErrorCode); err != nil {
				b.Fatalf("create topic %s: %v", rt.Topic, err)
			}
		}
	}
	// Long after CreateTopics returned a broker still calls partitions unknown.
	deadline := time.Now().Add(3 * time.Minute)
	for {
		list := kmsg.NewPtrListOffsetsRequest()
		list.ReplicaID = -1
		for _, name := range names {
			rt := kmsg.NewListOffsetsRequestTopic()
			rt.Topic = name
			for p := range int32(gridPartitions) {
				rp := kmsg.NewListOffsetsRequestTopicPartition()
				rp.Partition, rp.Timestamp, rp.CurrentLeaderEpoch = p, -1, -1
				rt.Partitions = append(rt.Partitions, rp)
			}
			list.Topics = append(list.Topics, rt)
		}
		ready := 0
		for _, shard := range c.RequestSharded(context.Background(), list) {
			if shard.Err != nil {
				continue
			}
			for _, rt := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
				for _, p := range rt.Partitions {
					if p.ErrorCode == 0 {
						ready++
					}
				}
			}
		}
		if ready == gridTopics*gridPartitions {
			return names
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d partitions are ready", ready)
		}
		time.Sleep(time.Second)
	}
}

func commitGrid(b *testing.B, c *kgo.Client, names []string, offset int64) {
	b.Helper()
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(context.Background(), c)
	if err != nil {
		b.Fatal(err)
	}
	ids := map[string][16]byte{}
	for _, t := range meta.Topics {
		ids[*t.Topic] = t.TopicID
	}
	for g := range gridGroups {
		req := kmsg.NewPtrOffsetCommitRequest()
		req.Group, req.Generation = fmt.Sprintf("grid-%03d", g), -1
		for i := range gridShare {
			rt := kmsg.NewOffsetCommitRequestTopic()
			rt.Topic = names[(g+i)%len(names)]
			rt.TopicID = ids[rt.Topic]
			for p := range int32(gridPartitions) {
				rp := kmsg.NewOffsetCommitRequestTopicPartition()
				rp.Partition, rp.Offset = p, offset
				rt.Partitions = append(rt.Partitions, rp)
			}
			req.Topics = append(req.Topics, rt)
		}
		if _, err := req.RequestWith(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
}

func fillGrid(b *testing.B, c *kgo.Client, names []string) {
	b.Helper()
	for range gridMessages {
		for _, name := range names {
			for p := range int32(gridPartitions) {
				c.Produce(context.Background(), order(name, p, "o-1"), nil)
			}
		}
	}
	if err := c.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}
