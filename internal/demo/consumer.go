package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// consumer is one service that reads a topic as a consumer group. Its methods break it.
type consumer struct {
	brokers []string
	group   string
	topic   string
	// committed: it reads committed messages only.
	committed bool
	handle    func(ctx context.Context, r *kgo.Record) error

	mu      sync.Mutex
	hung    map[int32]bool // partitions it does not process
	slow    time.Duration  // extra time per message
	stop    func()
	client  *kgo.Client
	stopped chan struct{}
}

// join starts the consumer as a member of its group. It stays until it leaves, also when
// ctx ends: the caller, such as a fault that heals, may end before the shop.
func (c *consumer) join(ctx context.Context) error {
	isolation := kgo.ReadUncommitted()
	if c.committed {
		isolation = kgo.ReadCommitted()
	}
	client, err := kgo.NewClient(
		kgo.FetchIsolationLevel(isolation),
		kgo.SeedBrokers(c.brokers...),
		kgo.ConsumerGroup(c.group), kgo.ConsumeTopics(c.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.FetchMaxWait(200*time.Millisecond),
	)
	if err != nil {
		return fmt.Errorf("join group %s: %w", c.group, err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	c.mu.Lock()
	c.client, c.stop, c.stopped = client, cancel, stopped
	c.mu.Unlock()
	go func() {
		defer close(stopped)
		defer client.Close() // leaves the group
		c.consume(ctx, client)
	}()
	return nil
}

// leave stops the consumer: it leaves the group.
func (c *consumer) leave() {
	c.mu.Lock()
	stop, stopped := c.stop, c.stopped
	c.mu.Unlock()
	stop()
	<-stopped
}

// hang makes the consumer fetch from a partition without processing, until release.
func (c *consumer) hang(partition int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hung = map[int32]bool{partition: true}
}

func (c *consumer) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hung = nil
}

// slowDown makes every message take longer by d.
func (c *consumer) slowDown(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slow = d
}

// pause makes the consumer stay a member without fetching.
func (c *consumer) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client.PauseFetchTopics(c.topic)
}

func (c *consumer) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client.ResumeFetchTopics(c.topic)
}

// consume processes messages one at a time, in order per partition, and commits after
// each.
func (c *consumer) consume(ctx context.Context, client *kgo.Client) {
	waiting := map[int32][]*kgo.Record{}
	for ctx.Err() == nil {
		pollCtx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		fetches := client.PollRecords(pollCtx, 50)
		cancel()
		if fetches.IsClientClosed() {
			return
		}
		fetches.EachRecord(func(r *kgo.Record) { waiting[r.Partition] = append(waiting[r.Partition], r) })
		for partition, records := range waiting {
			n := c.work(ctx, client, partition, records)
			waiting[partition] = records[n:]
		}
	}
}

// work processes messages of one partition for up to 200 ms and returns how many.
func (c *consumer) work(ctx context.Context, client *kgo.Client, partition int32, records []*kgo.Record) (done int) {
	for began := time.Now(); done < len(records) && time.Since(began) < 200*time.Millisecond; done++ {
		c.mu.Lock()
		hung, slow := c.hung[partition], c.slow
		c.mu.Unlock()
		if hung || !pause(ctx, slow) {
			return done
		}
		if err := c.handle(ctx, records[done]); err != nil {
			return done
		}
		if err := client.CommitRecords(ctx, records[done]); err != nil {
			return done
		}
	}
	return done
}
