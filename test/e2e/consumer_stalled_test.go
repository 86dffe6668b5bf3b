//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

func watchQueues(b *broker) settings {
	s := settings{}
	s.kafkaCluster(b.addr, b.prefix, objectives(maxAge, absentAfter))
	return s
}

func TestRealConsumerThatStopsCommittingIsStalled(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.send(topic, 0, "o-1", "o-2", "o-3")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 3)
	p := start(t, watchQueues(b))

	m.set(pace{keeps: true})
	b.send(topic, 0, "o-4", "o-5")
	f := p.find(signal.ConsumerStalled, queue(topic, group))
	p.says(f, "stuck_partitions", "1 of 1", "position", "partition 0: committed 3, log end 5", "waiting_messages", "2", "consumers", "1", "group_state", "Stable")
	if f.Count != 2 || f.Severity != signal.Critical {
		t.Errorf("%d messages, %s", f.Count, f.Severity)
	}
	p.names(f, "o-4", "o-5")

	m.set(pace{})
	p.closes(f)
}

func TestRealConsumerStalledOnOnePartitionOfMany(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	const partitions, hangs = 6, 4
	topic, group := b.topic("orders", partitions), b.prefix+"-billing"
	b.send(topic, hangs, "o-before")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, hangs, 1)
	p := start(t, watchQueues(b))

	m.set(pace{hangs: true}, hangs)
	b.send(topic, hangs, "o-stuck")
	n := 0
	busy := repeat(t, time.Second, func() error {
		n++
		if n%partitions == hangs {
			n++
		}
		return b.write(topic, int32(n%partitions), fmt.Sprint("o-", n))
	})
	f := p.find(signal.ConsumerStalled, queue(topic, group))
	p.says(f, "stuck_partitions", "1 of 6", "position", "partition 4: committed 1, log end 2", "waiting_messages", "1")
	p.names(f, "o-stuck")
	p.silent(maxAge) // and it is still the same finding

	m.set(pace{}, hangs)
	p.closes(f)
	busy()
}

func TestRealSlowConsumerIsNotStalled(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.burst(topic, 0, orders(200))
	b.join(group, topic, pace{slow: maxAge / 6})
	p := start(t, watchQueues(b))
	p.silent(watchFor)
	if left := b.end(topic, 0) - b.committed(group, topic, 0); left < 10 {
		t.Errorf("only %d messages were left: the backlog was too small", left)
	}
}

func TestRealCommitMarkersAreNotABacklog(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.join(group, topic, pace{})
	p := start(t, watchQueues(b))

	c := clientConfig()
	c.Producer.Idempotent, c.Producer.RequiredAcks, c.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
	c.Producer.Transaction.ID = b.prefix
	producer, err := sarama.NewSyncProducer([]string{b.addr}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = producer.Close() })
	if err := producer.BeginTxn(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder("o-1"), Value: sarama.StringEncoder("x")}); err != nil {
		t.Fatal(err)
	}
	if err := producer.CommitTxn(); err != nil {
		t.Fatal(err)
	}
	b.reached(group, topic, 0, 1)
	p.silent(watchFor)
	if committed, end := b.committed(group, topic, 0), b.end(topic, 0); committed != 1 || end != 2 {
		t.Fatalf("committed %d, end %d: there was no marker", committed, end)
	}
}

func TestRealRebalanceIsNotAStall(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	const partitions = 4
	topic, group := b.topic("orders", partitions), b.prefix+"-billing"
	b.join(group, topic, pace{slow: 20 * time.Millisecond})
	n := 0
	repeat(t, 300*time.Millisecond, func() error {
		n++
		return b.write(topic, int32(n%partitions), fmt.Sprint("o-", n))
	})
	c := settings{}
	// No consumer reads during a rebalance, which may take a while on a busy machine.
	c.kafkaCluster(b.addr, b.prefix, objectives(4*maxAge, 4*absentAfter))
	p := start(t, c)
	var second *member
	for range 8 {
		reads := b.committed(group, topic, 0)
		if second == nil {
			second = b.joining(group, topic, pace{slow: 20 * time.Millisecond})
		} else {
			second.leave()
			second = nil
		}
		b.reached(group, topic, 0, reads+1)
		p.silent(maxAge / 2)
	}
	p.silent(maxAge)
}
