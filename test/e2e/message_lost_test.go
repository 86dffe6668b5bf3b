//go:build integration

package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// unhurried watches queues whose consumers pause on purpose.
func unhurried(b *broker) settings {
	s := settings{}
	s.kafkaCluster(b.addr, b.prefix, objectives(time.Minute, time.Minute))
	return s
}

// lost returns the lost messages of a queue by its metric.
func (p *program) lost(topic, group string) float64 {
	p.t.Helper()
	n, _ := p.value("lostorder_queue_lost_messages_total", "messaging_destination_name="+topic, "messaging_consumer_group_name="+group, "reason=retention")
	return n
}

// deleteRecords removes the messages below an offset.
func (b *broker) deleteRecords(topic string, partition int32, before int64) {
	b.t.Helper()
	if err := b.admin.DeleteRecords(topic, map[int32]int64{partition: before}); err != nil {
		b.t.Fatalf("delete records: %v", err)
	}
}

// expire sets the retention of a topic and waits until the broker has removed the expired
// messages.
func (b *broker) expire(topic string) {
	b.t.Helper()
	second := "1000"
	err := b.admin.IncrementalAlterConfig(sarama.TopicResource, topic, map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &second},
	}, false)
	if err != nil {
		b.t.Fatalf("set retention: %v", err)
	}
	eventually(b.t, "the broker removes what is too old", func() (bool, string) {
		begin, end := b.begin(topic, 0), b.end(topic, 0)
		return begin == end, fmt.Sprintf("the log is %d to %d", begin, end)
	})
}

func TestRealDeletedRecordsAreLost(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 3), b.prefix+"-billing"
	b.send(topic, 1, "o-1", "o-2")
	b.send(topic, 2, "o-0")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 1, 2)
	b.reached(group, topic, 2, 1)
	p := start(t, unhurried(b))
	m.set(pace{hangs: true})
	b.send(topic, 1, "o-3", "o-4", "o-5", "o-6", "o-7", "o-8")
	b.send(topic, 2, "o-9")
	p.cycles(2)

	b.deleteRecords(topic, 1, 7)
	f := p.find(signal.MessageLost, queue(topic, group))
	p.says(f, "lost_messages", "5", "reason", "retention", "partition_1", "offsets 2 to 6 were never committed and can no longer be read")
	if f.Count != 5 || f.Severity != signal.Critical {
		t.Errorf("%d messages, %s", f.Count, f.Severity)
	}
	p.cycles(6) // counted once, however often it is looked at
	if n := p.lost(topic, group); n != 5 {
		t.Errorf("the metric is %v", n)
	}

	// A second loss adds to the same finding.
	b.deleteRecords(topic, 1, 8)
	b.deleteRecords(topic, 2, 2)
	p.counts(f, 7)
	p.says(p.byID(f.ID), "lost_messages", "7",
		"partition_1", "offsets 2 to 7 were never committed and can no longer be read",
		"partition_2", "offsets 1 to 1 were never committed and can no longer be read")
	p.silent(maxAge)
	if n := p.lost(topic, group); n != 7 {
		t.Errorf("the metric is %v", n)
	}
}

func TestRealRetentionThatPassesAGroupLosesMessages(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1, "retention.ms", "-1"), b.prefix+"-billing"
	b.send(topic, 0, "o-0", "o-1", "o-2", "o-3")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 4)
	p := start(t, unhurried(b))
	m.set(pace{hangs: true})
	b.burst(topic, 0, orders(100))
	p.cycles(2)

	b.expire(topic)
	f := p.find(signal.MessageLost, queue(topic, group))
	p.also(signal.MessageExpiring, queue(topic, group)) // where a reading comes between the shorter retention and the removal
	p.says(f, "lost_messages", "100", "partition_0", "offsets 4 to 103 were never committed and can no longer be read")
	p.silent(maxAge)
	if now := p.byID(f.ID); now.Count != 100 || p.lost(topic, group) != 100 {
		t.Errorf("the finding counts %d, the metric %v", now.Count, p.lost(topic, group))
	}
}

// TestRealGroupThatResumesAtTheEndIsEvidenceOfTheLoss: with
// auto.offset.reset=latest the group also skips messages that can still be read. From
// outside that cannot be distinguished from fast work, so the count stays that of the
// removed messages.
func TestRealGroupThatResumesAtTheEndIsEvidenceOfTheLoss(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.send(topic, 0, "o-0", "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 2)
	p := start(t, unhurried(b))
	m.leave()
	b.send(topic, 0, "o-2", "o-3", "o-4", "o-5", "o-6", "o-7")
	p.cycles(2)
	b.deleteRecords(topic, 0, 5)
	f := p.find(signal.MessageLost, queue(topic, group))
	if went := evidence(f, "partition_0_went_on"); went != "" {
		t.Errorf("it has not resumed: %s", went)
	}

	b.joining(group, topic, pace{}, func(c *sarama.Config) { c.Consumer.Offsets.Initial = sarama.OffsetNewest })
	// It starts at the log end at the time it joins, and commits at the next message.
	next := 8
	repeat(t, 3*interval, func() error { next++; return b.write(topic, 0, fmt.Sprint("o-", next)) })
	b.reached(group, topic, 0, 9)
	var went string
	eventually(t, "the finding says where the group went on", func() (bool, string) {
		went = evidence(p.byID(f.ID), "partition_0_went_on")
		return went != "", inJSON(p.byID(f.ID))
	})
	if !strings.Contains(went, "skipped them") || !strings.Contains(went, "offsets 5 to ") {
		t.Errorf("evidence: %s", went)
	}
	if now := p.byID(f.ID); now.Count != 3 || p.lost(topic, group) != 3 {
		t.Errorf("the finding counts %d, the metric %v; want 3", now.Count, p.lost(topic, group))
	}
	t.Log(went)
	p.silent(maxAge)
}

// TestRealResetToTheEndByAnOperatorIsNotALoss, and neither is a
// group that was deleted and restarts at the end.
func TestRealResetToTheEndByAnOperatorIsNotALoss(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.send(topic, 0, "o-0", "o-1")
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 2)
	p := start(t, unhurried(b))
	m.leave()
	b.send(topic, 0, "o-2", "o-3", "o-4")
	p.cycles(2)
	// As kafka-consumer-groups --reset-offsets --to-latest does.
	if _, err := b.admin.AlterConsumerGroupOffsets(group, map[string]map[int32]sarama.OffsetAndMetadata{topic: {0: {Offset: 5, LeaderEpoch: -1}}}, nil); err != nil {
		t.Fatal(err)
	}
	b.reached(group, topic, 0, 5)
	p.silent(maxAge)
	b.send(topic, 0, "o-5", "o-6")
	p.cycles(2)
	if err := b.admin.DeleteConsumerGroup(group); err != nil {
		t.Fatal(err)
	}
	p.cycles(2)
	b.join(group, topic, pace{})
	b.send(topic, 0, "o-7")
	b.reached(group, topic, 0, 8)
	p.silent(maxAge)
	if n := p.lost(topic, group); n != 0 {
		t.Errorf("the metric is %v", n)
	}
}

func TestRealRetentionOfProcessedMessagesLosesNothing(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1, "retention.ms", "-1"), b.prefix+"-billing"
	b.burst(topic, 0, orders(50))
	b.join(group, topic, pace{})
	b.reached(group, topic, 0, 50)
	p := start(t, unhurried(b))
	p.silent(maxAge / 2)
	b.expire(topic)
	p.silent(maxAge)
	// New messages are younger than the retention when they are read.
	b.send(topic, 0, "o-50", "o-51")
	b.reached(group, topic, 0, 52)
	p.silent(maxAge)
	if n := p.lost(topic, group); n != 0 {
		t.Errorf("the metric is %v", n)
	}
}

func TestRealRecreatedTopicLosesNothing(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, group := b.topic("orders", 1), b.prefix+"-billing"
	b.burst(topic, 0, orders(20))
	m := b.join(group, topic, pace{})
	b.reached(group, topic, 0, 20)
	other := b.topic("other", 1) // so that there is always something to see
	b.send(other, 0, "o-1")
	b.join(b.prefix+"-other", other, pace{})
	c := settings{}
	c.kafkaCluster(b.addr, b.prefix, objectives(5*maxAge, 5*absentAfter)) // no consumer until the group is back
	p := start(t, c)
	p.cycles(2)

	m.leave()
	if err := b.admin.DeleteTopic(topic); err != nil {
		t.Fatal(err)
	}
	p.cycles(2)
	if _, still := p.value("lostorder_queue_messages", "messaging_destination_name="+topic, "messaging_message_state=ready"); still {
		t.Error("a deleted topic still has series")
	}
	b.topic("orders", 1)
	b.send(topic, 0, "n-1", "n-2", "n-3")
	b.deleteRecords(topic, 0, 1) // the new log does not begin at 0, either
	b.join(group, topic, pace{})
	b.reached(group, topic, 0, 3)
	p.silent(watchFor)
	if n := p.lost(topic, group); n != 0 {
		t.Errorf("the metric is %v", n)
	}
}
