package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// fromEarliest makes a share group begin at the first message.
func fromEarliest(t *testing.T, c *kgo.Client, group string) {
	t.Helper()
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	one := kmsg.NewIncrementalAlterConfigsRequestResource()
	one.ResourceType, one.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	config.Name, config.Value = "share.auto.offset.reset", new("earliest")
	one.Configs = append(one.Configs, config)
	request.Resources = append(request.Resources, one)
	answer, err := request.RequestWith(within(t), c)
	if err != nil || answer.Resources[0].ErrorCode != 0 {
		t.Fatalf("set share.auto.offset.reset: %v, %+v", err, answer)
	}
}

// acquire polls a share group until so many messages are acquired.
func acquire(t *testing.T, c *kgo.Client, n int) (records []*kgo.Record) {
	t.Helper()
	for len(records) < n {
		fetches := c.PollFetches(within(t))
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// shareGroupIsRead has a share group acknowledge some of its messages out of order, and leave.
func shareGroupIsRead(t *testing.T, s shop, addrs []string) {
	t.Helper()
	for range 5 {
		produce(t, s.client, order(s.topic, 0, "o"))
	}
	fromEarliest(t, s.client, s.topic)
	member := client(t, addrs, kgo.ShareGroup(s.topic), kgo.ConsumeTopics(s.topic))
	r := watch(t, settings(t, addrs, "granularity: partition", "topics: {include: '"+s.topic+"'}"))
	records := acquire(t, member, 5)
	// A real broker says where a group begins only once it has written that: with the first
	// answer of a member, or when the locks expire after thirty seconds.
	member.MarkAcks(kgo.AckRelease, records...)
	if err := member.FlushAcks(within(t)); err != nil {
		t.Fatal(err)
	}
	records = acquire(t, member, 5)
	q := mustQueue(t, until(t, r, "a member and five messages", func(r signal.Report) bool {
		q, ok := queueOf(r, s.topic, s.topic)
		return ok && q.Consumers == 1 && q.Ready == 5 && q.GroupState == "Stable" && q.Oldest.Known()
	}), s.topic, s.topic)
	if q.Partitions[0].Assignment != signal.Assigned || q.Partitions[0].Committed != 0 || q.Partitions[0].End != 5 {
		t.Errorf("while all are acquired: got %+v", q)
	}

	// The first message stays acquired, so that the start offset stays where it is.
	member.MarkAcks(kgo.AckAccept, records[1:4]...)
	if err := member.FlushAcks(within(t)); err != nil {
		t.Fatal(err)
	}
	q = mustQueue(t, until(t, r, "two messages that are not finished", func(r signal.Report) bool {
		q, ok := queueOf(r, s.topic, s.topic)
		return ok && q.Ready == 2
	}), s.topic, s.topic)
	if p := q.Partitions[0]; p.Committed != 3 || p.Lag() != 2 || q.Oldest.Bound != signal.AtLeast {
		t.Errorf("while the first is acquired: got %+v", q)
	}

	member.MarkAcks(kgo.AckAccept, records[0], records[4])
	if err := member.FlushAcks(within(t)); err != nil {
		t.Fatal(err)
	}
	until(t, r, "no message that is not finished", func(r signal.Report) bool {
		q, ok := queueOf(r, s.topic, s.topic)
		return ok && q.Ready == 0 && q.Acknowledged == 5 && !q.Oldest.Known()
	})

	member.Close()
	produce(t, s.client, order(s.topic, 0, "o"))
	q = mustQueue(t, until(t, r, "no member and one message", func(r signal.Report) bool {
		q, ok := queueOf(r, s.topic, s.topic)
		return ok && q.Consumers == 0 && q.Ready == 1
	}), s.topic, s.topic)
	if q.Partitions[0].Assignment != signal.Unassigned || q.GroupState != "Empty" || q.Partitions[0].Committed != 5 {
		t.Errorf("without a member: got %+v", q)
	}
}

func TestShareGroupIsRead(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	shareGroupIsRead(t, shop{"orders", s.client()}, s.ListenAddrs())
}
