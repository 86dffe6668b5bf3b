package kafka_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestAGroupThatLagsIsCounted(t *testing.T) {
	s := serve(t, kfake.SeedTopics(3, "orders"))
	c := s.client()
	for p := range int32(3) {
		for range 4 {
			produce(t, c, order("orders", p, "o-1"))
		}
	}
	consumer := s.client(kgo.ConsumerGroup("billing"), kgo.ConsumeTopics("orders"), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	taken := 0
	for taken < 12 {
		fetches := consumer.PollFetches(within(t))
		taken += fetches.NumRecords()
	}
	// Partition 0 is done, partition 1 half done, partition 2 never committed.
	if err := consumer.CommitRecords(within(t), &kgo.Record{Topic: "orders", Partition: 0, Offset: 3}, &kgo.Record{Topic: "orders", Partition: 1, Offset: 1}); err != nil {
		t.Fatal(err)
	}
	r := until(t, watch(t, s.settings()), "an assigned group", func(r signal.Report) bool {
		q, ok := queueOf(r, "orders", "billing")
		return ok && q.Consumers == 1
	})
	q := mustQueue(t, r, "orders", "billing")
	if q.Ready != 2 || q.Uncommitted != 4 || q.Published != 12 || q.Acknowledged != 6 {
		t.Errorf("got\n%s", show(r))
	}
	if q.System != signal.Kafka || q.Cluster != "main" || q.GroupState != "Stable" {
		t.Errorf("got %+v", q.QueueID)
	}
	if !slices.EqualFunc(q.Partitions, []int64{4, 2, -1}, func(p signal.Partition, committed int64) bool {
		return p.Committed == committed && p.Start == 0 && p.End == 4 && p.Assignment == signal.Assigned
	}) {
		t.Errorf("got\n%s", show(r))
	}
}

func TestTopicWithoutAGroupIsReported(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders", "audit"))
	c := s.client()
	produce(t, c, order("audit", 0, "o-1"), order("audit", 1, "o-2"), order("audit", 1, "o-3"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 0})
	r := readWhole(t, watch(t, s.settings()))
	q := mustQueue(t, r, "audit", "")
	if q.Published != 3 || q.Ready.Known() || q.Consumers.Known() || q.Partitions != nil {
		t.Errorf("got %+v", q)
	}
	if _, ok := queueOf(r, "orders", ""); ok {
		t.Error("a topic that a group reads is there without the group, too")
	}
}

// TestEveryStartIsReadBeforeAnyCommit: the coordinator of a group is not the leader of the
// partition, and one of them is slower.
func TestEveryStartIsReadBeforeAnyCommit(t *testing.T) {
	s := serve(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "orders"))
	c := s.client()
	for p := range int32(6) {
		produce(t, c, order("orders", p, "o-1"))
	}
	for i := range 6 { // so that every broker coordinates a group
		commit(t, c, fmt.Sprintf("group-%d", i), "orders", map[int32]int64{0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1})
	}
	s.ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // the order that kfake wants
		s.KeepControl()
		if s.CurrentNode() == 1 {
			s.SleepControl(func() { time.Sleep(100 * time.Millisecond) })
		}
		return nil, nil, false
	})
	order := s.order(kmsg.ListOffsets, kmsg.OffsetFetch)
	readWhole(t, watch(t, s.settings()))
	if got := order(); !slices.Equal(got, []string{"start", "commits", "end"}) {
		t.Errorf("asked in the order %v", got)
	}
}
