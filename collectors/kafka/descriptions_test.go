package kafka_test

import (
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/signal"
)

// descriptions counts the requests that describe groups.
func (s *server) descriptions() *atomic.Int64 {
	var n atomic.Int64
	for _, key := range []kmsg.Key{kmsg.DescribeGroups, kmsg.ConsumerGroupDescribe} {
		s.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // the order that kfake wants
			s.KeepControl()
			n.Add(1)
			return nil, nil, false
		})
	}
	return &n
}

func TestMembersOfAGroupAreReadAgainOnlyWhereTheyMayMatter(t *testing.T) {
	for name, opts := range map[string][]kgo.Opt{
		"a classic group": nil,
		"a KIP-848 group": {kgo.ServerSideBalancer()},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(2, "orders"), kfake.GroupMinSessionTimeout(1))
			c := s.client()
			produce(t, c, order("orders", 0, "o-1"), order("orders", 1, "o-2"))
			consumer := s.client(append(member("billing", "orders"), opts...)...)
			consume(t, consumer, 2)
			if err := consumer.CommitUncommittedOffsets(within(t)); err != nil {
				t.Fatal(err)
			}
			asked := s.descriptions()
			r := watch(t, s.settings("interval: 15s"))
			until(t, r, "a member that owns both partitions", ownsBoth)
			step := func(what string, want int64) {
				t.Helper()
				before := asked.Load()
				if report := readWhole(t, r); !ownsBoth(report) {
					t.Errorf("%s: got %+v", what, report.Queues)
				}
				if n := asked.Load() - before; n != want {
					t.Errorf("%s: the group is described %d times", what, n)
				}
			}
			step("nothing waits", 0)
			produce(t, c, order("orders", 0, "o-3"))
			step("a message has come", 0)
			step("it waits and the group makes no progress", 1)
			step("and still", 1)
			consume(t, consumer, 1)
			if err := consumer.CommitUncommittedOffsets(within(t)); err != nil {
				t.Fatal(err)
			}
			step("the group has processed it", 1)
			step("nothing waits again", 0)
			createTopic(t, c, 1, "payments")
			step("a topic has come, which the group may read", 1)
			before := asked.Load()
			until(t, r, "a reading that does not describe the group", func(report signal.Report) bool {
				after := asked.Load()
				defer func() { before = after }()
				return ownsBoth(report) && after == before
			})
			consumer.CloseAllowingRebalance()
			until(t, r, "no member", func(r signal.Report) bool {
				q, ok := queueOf(r, "orders", "billing")
				return ok && q.Consumers == 0 && q.Partitions[0].Assignment == signal.Unassigned
			})
		})
	}
}

// TestMembersOfAGroupAreReadAgainAfterFourIntervals needs no more than a few seconds.
func TestMembersOfAGroupAreReadAgainAfterFourIntervals(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders"))
	c := s.client()
	produce(t, c, order("orders", 0, "o-1"), order("orders", 1, "o-2"))
	consumer := s.client(member("billing", "orders")...)
	consume(t, consumer, 2)
	if err := consumer.CommitUncommittedOffsets(within(t)); err != nil {
		t.Fatal(err)
	}
	asked := s.descriptions()
	conf := s.settings("interval: 1s", "timeout: 1s")
	r := kafka.NewReader(conf)
	defer r.Close()
	until(t, r, "a member that owns both partitions", ownsBoth)
	last := asked.Load()
	kept := 0
	until(t, r, "a description that is read again", func(report signal.Report) bool {
		if asked.Load() == last {
			kept++
		}
		return ownsBoth(report) && asked.Load() > last
	})
	if kept < 2 {
		t.Errorf("the group was described again after %d readings", kept)
	}
}

func ownsBoth(r signal.Report) bool {
	q, ok := queueOf(r, "orders", "billing")
	return ok && q.Consumers == 1 && len(q.Partitions) == 2 && q.Partitions[0].Assignment == signal.Assigned && q.Partitions[1].Assignment == signal.Assigned
}
