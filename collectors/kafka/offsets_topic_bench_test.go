//go:build integration

package kafka_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// The commits of 15 s, the default interval, at 1,000 a second: each a request and a batch of its
// own, which is the most expensive.
const (
	benchCommits  = 15_000
	benchGroups   = 50
	benchInterval = 15 * time.Second
)

// BenchmarkOffsetsTopic measures what a reading costs beside 1,000 commits a second, without and
// with commits.topic. The difference is what it costs to follow the offsets topic.
func BenchmarkOffsetsTopic(b *testing.B) {
	addr := address(b, "KAFKA_ADDR")
	c, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	topic := fmt.Sprintf("commits-%x", time.Now().UnixNano())
	create := kmsg.NewPtrCreateTopicsRequest()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = topic, 10, 1
	create.Topics = append(create.Topics, one)
	made, err := create.RequestWith(context.Background(), c)
	if err != nil || made.Topics[0].ErrorCode != 0 {
		b.Fatalf("create topic: %v, %+v", err, made)
	}
	id := made.Topics[0].TopicID
	for _, follow := range []bool{false, true} {
		b.Run(fmt.Sprintf("topic=%t", follow), func(b *testing.B) {
			cfg := kafka.Config{Name: "bench", Brokers: []string{addr}, DLQ: []string{"{topic}.dlq"}}
			cfg.Commits.Topic = follow
			cfg.Timeout = config.Duration(60 * time.Second)
			reader := kafka.NewReader(cfg)
			defer reader.Close()
			b.StopTimer()
			var cpu time.Duration
			for i := range b.N + 1 { // the first reading finds the ends
				commitMany(b, c, topic, id, int64(i))
				before := cpuTime()
				if i > 0 {
					b.StartTimer()
				}
				var report signal.Report
				if err := reader.Read(context.Background(), &report); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if i > 0 {
					cpu += cpuTime() - before
				}
				if warns(report, "commits.topic") {
					b.Fatal(report.Warnings)
				}
			}
			perReading := cpu / time.Duration(b.N)
			b.ReportMetric(perReading.Seconds(), "cpu-s/op")
			b.ReportMetric(100*perReading.Seconds()/benchInterval.Seconds(), "%-of-a-core")
		})
	}
}

// commitMany commits as groups do that assign partitions themselves.
func commitMany(b *testing.B, c *kgo.Client, topic string, id [16]byte, offset int64) {
	b.Helper()
	var running sync.WaitGroup
	for g := range benchGroups {
		running.Go(func() {
			for i := range benchCommits / benchGroups {
				req := kmsg.NewPtrOffsetCommitRequest()
				req.Group, req.Generation = fmt.Sprintf("bench-%03d", g), -1
				rt := kmsg.NewOffsetCommitRequestTopic()
				rt.Topic, rt.TopicID = topic, id
				rp := kmsg.NewOffsetCommitRequestTopicPartition()
				rp.Partition, rp.Offset = int32(i%10), offset
				rt.Partitions = append(rt.Partitions, rp)
				req.Topics = append(req.Topics, rt)
				if _, err := req.RequestWith(context.Background(), c); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}

func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
