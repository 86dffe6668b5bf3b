package kafka_test

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

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
