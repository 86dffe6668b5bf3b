package kafka_test

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// join makes a member of a group that owns just these partitions, and returns how
// it leaves.
func join(t *testing.T, c *kgo.Client, group, topic string, partitions ...int32) (leave func()) {
	t.Helper()
	subscribed := kmsg.NewConsumerMemberMetadata()
	subscribed.Topics = []string{topic}
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name, protocol.Metadata = "chosen", subscribed.AppendTo(nil)
	ask := kmsg.NewPtrJoinGroupRequest()
	ask.Group, ask.ProtocolType, ask.SessionTimeoutMillis, ask.RebalanceTimeoutMillis = group, "consumer", 30_000, 30_000
	ask.Protocols = append(ask.Protocols, protocol)
	joined, err := ask.RequestWith(within(t), c)
	if err == nil && joined.ErrorCode == kerr.MemberIDRequired.Code {
		ask.MemberID = joined.MemberID
		joined, err = ask.RequestWith(within(t), c)
	}
	if err != nil || joined.ErrorCode != 0 {
		t.Fatalf("join: %v, error %v", err, joined)
	}
	owned := kmsg.NewConsumerMemberAssignment()
	owned.Topics = []kmsg.ConsumerMemberAssignmentTopic{{Topic: topic, Partitions: partitions}}
	share := kmsg.NewPtrSyncGroupRequest()
	share.Group, share.MemberID, share.Generation = group, joined.MemberID, joined.Generation
	share.ProtocolType, share.Protocol = new("consumer"), new("chosen")
	share.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: joined.MemberID, MemberAssignment: owned.AppendTo(nil)}}
	synced, err := share.RequestWith(within(t), c)
	if err != nil || synced.ErrorCode != 0 {
		t.Fatalf("share out: %v, error %v", err, synced)
	}
	return func() {
		bye := kmsg.NewPtrLeaveGroupRequest()
		bye.Group, bye.MemberID = group, joined.MemberID
		bye.Members = []kmsg.LeaveGroupRequestMember{{MemberID: joined.MemberID}}
		if _, err := bye.RequestWith(within(t), c); err != nil {
			t.Fatalf("leave: %v", err)
		}
	}
}

// TestBacklogWithoutConsumersIsSampled: a group without members has a backlog only if a
// visible message waits, and its orders are named.
func TestBacklogWithoutConsumersIsSampled(t *testing.T) {
	for name, test := range map[string]struct {
		owned     []int32
		leaves    bool
		consumers signal.Count
	}{
		"the group has no members":           {[]int32{0, 1}, true, 0},
		"the partitions belong to no member": {nil, false, 1},
		"one of them belongs to a member":    {[]int32{1}, false, 1},
		"members make no progress":           {[]int32{0, 1}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(2, "orders"))
			c := s.client()
			transaction(t, s.client(kgo.TransactionalID("tx")), kgo.TryCommit, order("orders", 0, "o-1"))
			produce(t, c, order("orders", 1, "o-2"), order("orders", 1, "o-3"))
			commit(t, c, "billing", "orders", map[int32]int64{0: 1, 1: 1})
			if leave := join(t, c, "billing", "orders", test.owned...); test.leaves {
				leave()
			}
			r := watch(t, s.settings(append(impatient, "order_id: key")...))
			q := mustQueue(t, until(t, r, "a sample", func(r signal.Report) bool {
				q, _ := queueOf(r, "orders", "billing")
				return len(q.Sample) > 0
			}), "orders", "billing")
			marker, message := q.Partitions[0], q.Partitions[1]
			if q.Consumers != test.consumers || (marker.Assignment == signal.Assigned) != (!test.leaves && slices.Contains(test.owned, 0)) {
				t.Fatalf("the group is not as it was meant: %+v", q)
			}
			if !marker.NothingToDeliver || message.NothingToDeliver || q.Ready != 1 || q.Sample[0].ID != "o-3" {
				t.Errorf("got %+v", q)
			}
		})
	}
}

// TestOrdersAreNamedWhereAGroupNeverCommitted: the group reads a partition for the first time
// and hangs. What was in the log before it was first seen may not be for it.
func TestOrdersAreNamedWhereAGroupNeverCommitted(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders"))
	c := s.client()
	produce(t, c, order("orders", 0, "o-before"))
	commit(t, c, "billing", "orders", map[int32]int64{1: 0})
	join(t, c, "billing", "orders", 0, 1)
	r := watch(t, s.settings(append(impatient, "order_id: key")...))
	readWhole(t, r)
	produce(t, c, order("orders", 0, "o-1"), order("orders", 0, "o-2"))
	q := mustQueue(t, until(t, r, "a sample", func(r signal.Report) bool {
		q, _ := queueOf(r, "orders", "billing")
		return len(q.Sample) > 1
	}), "orders", "billing")
	if q.Partitions[0].Committed != signal.Unknown || q.Partitions[0].NothingToDeliver || len(q.Sample) != 2 || q.Sample[0].ID != "o-1" || q.Sample[1].ID != "o-2" {
		t.Errorf("got %+v", q)
	}
}
