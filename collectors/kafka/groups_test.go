package kafka_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/lostorder/lostorder/internal/signal"
)

// consume joins a group and takes some messages without committing.
func consume(t *testing.T, c *kgo.Client, messages int) {
	t.Helper()
	for messages > 0 {
		fetches := c.PollFetches(within(t))
		if err := fetches.Err(); err != nil {
			t.Fatalf("consume: %v", err)
		}
		messages -= fetches.NumRecords()
	}
}

func member(group string, topics ...string) []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topics...), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
}

func TestConsumersAreTheMembersThatReadTheTopic(t *testing.T) {
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
			r := watch(t, s.settings())
			q := mustQueue(t, until(t, r, "a member that owns both partitions", func(r signal.Report) bool {
				q, ok := queueOf(r, "orders", "billing")
				return ok && q.Consumers == 1 && q.Partitions[0].Assignment == signal.Assigned && q.Partitions[1].Assignment == signal.Assigned
			}), "orders", "billing")
			if q.GroupState != "Stable" || q.Ready != 0 || q.Acknowledged != 2 {
				t.Errorf("got %+v", q)
			}
			consumer.CloseAllowingRebalance()
			produce(t, c, order("orders", 0, "o-3"))
			q = mustQueue(t, until(t, r, "no member", func(r signal.Report) bool {
				q, ok := queueOf(r, "orders", "billing")
				return ok && q.Consumers == 0
			}), "orders", "billing")
			if q.Partitions[0].Assignment != signal.Unassigned || q.Ready != 1 || q.GroupState != "Empty" {
				t.Errorf("got %+v", q)
			}
		})
	}
}

func TestGroupWithoutCommitsIsFoundByItsMembers(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	produce(t, s.client(), order("orders", 0, "o-1"))
	consume(t, s.client(member("billing", "orders")...), 1)
	q := mustQueue(t, readWhole(t, watch(t, s.settings())), "orders", "billing")
	if q.Ready != 0 || q.Uncommitted != 1 || q.Partitions[0].Committed != signal.Unknown || q.Consumers != 1 {
		t.Errorf("got %+v", q)
	}
}

// TestGroupThatOnlyCommitsHasUnknownConsumers: they assign partitions themselves, so the
// broker does not know them. They must not be reported as absent.
func TestGroupThatOnlyCommitsHasUnknownConsumers(t *testing.T) {
	s := serve(t, kfake.SeedTopics(3, "orders"))
	c := s.client()
	produce(t, c, order("orders", 0, "o-1"), order("orders", 1, "o-2"), order("orders", 1, "o-3"))
	commit(t, c, "flink", "orders", map[int32]int64{1: 1})
	q := mustQueue(t, readWhole(t, watch(t, s.settings())), "orders", "flink")
	if q.Consumers != signal.Unknown || q.Ready != 1 || q.Uncommitted != 0 || len(q.Partitions) != 1 || q.Partitions[0].ID != 1 ||
		q.Partitions[0].Assignment != signal.AssignmentUnknown {
		t.Errorf("got %+v", q)
	}
}

func TestExcludedTopicsAndGroupsAreNotReported(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.test", "__internal", "payments"))
	c := s.client()
	for _, topic := range []string{"orders", "orders.test", "__internal", "payments"} {
		commit(t, c, "billing", topic, map[int32]int64{0: 0})
		commit(t, c, "console-consumer-42", topic, map[int32]int64{0: 0})
	}
	for name, test := range map[string]struct {
		config []string
		want   []string
	}{
		"internal topics and console groups by default": {nil, []string{"orders/billing", "orders.test/billing", "payments/billing"}},
		"excluded topics":             {[]string{`topics: {exclude: '.*\.test'}`}, []string{"orders/billing", "payments/billing"}},
		"all but the included topic":  {[]string{`topics: {include: payments}`}, []string{"payments/billing"}},
		"an internal one is included": {[]string{`topics: {include: __internal}`}, []string{"__internal/billing"}},
		"all but the included group":  {[]string{`groups: {include: console.*}`, `topics: {include: orders}`}, []string{"orders/console-consumer-42"}},
		"another exclude":             {[]string{`groups: {exclude: billing}`, `topics: {include: orders}`}, []string{"orders/console-consumer-42"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, q := range readWhole(t, watch(t, s.settings(test.config...))).Queues {
				got = append(got, q.Destination+"/"+q.Group)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestObjectivesAndGranularityFollowTheConfig(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "payments"))
	c := s.client()
	commit(t, c, "billing", "orders", map[int32]int64{0: 0})
	commit(t, c, "billing", "payments", map[int32]int64{0: 0})
	r := readWhole(t, watch(t, s.settings("granularity: partition", "objectives:", "- {topics: pay.*, groups: bill.*, max_age: 30s, labels: {team: payments}}", "- {topics: orders, max_age: 1m, absent_after: 20m}")))
	if q := mustQueue(t, r, "payments", "billing"); !reflect.DeepEqual(q.Objective, signal.Objective{MaxAge: 30e9, AbsentAfter: 30e9, Labels: signal.Labels{"team": "payments"}}) || !q.PerPartition {
		t.Errorf("got %+v", q)
	}
	if q := mustQueue(t, r, "orders", "billing"); !reflect.DeepEqual(q.Objective, signal.Objective{MaxAge: 60e9, AbsentAfter: 1200e9}) {
		t.Errorf("got %+v", q)
	}
	if q := mustQueue(t, readWhole(t, watch(t, s.settings())), "orders", "billing"); !reflect.DeepEqual(q.Objective, signal.Objective{MaxAge: 300e9, AbsentAfter: 300e9}) || q.PerPartition {
		t.Errorf("got %+v", q)
	}
}

func TestShareGroupsOfABrokerWithoutTheirOffsetsAreOneWarning(t *testing.T) {
	without := kversion.Stable()
	without.SetMaxKeyVersion(90, -1) // DescribeShareGroupOffsets
	s := serve(t, kfake.SeedTopics(1, "orders"), kfake.MaxVersions(without))
	c := s.client()
	commit(t, c, "billing", "orders", map[int32]int64{0: 0})
	for _, group := range []string{"share-a", "share-b"} {
		share := s.client(kgo.ShareGroup(group), kgo.ConsumeTopics("orders"))
		go share.PollFetches(within(t))
	}
	r := until(t, watch(t, s.settings()), "the warning", func(r signal.Report) bool {
		return len(r.Warnings) > 0 && strings.Contains(r.Warnings[0], "share-a, share-b")
	})
	if want := []string{"share groups are not watched: share-a, share-b"}; !slices.Equal(r.Warnings, want) || len(r.Queues) != 1 {
		t.Errorf("got %v\n%s", r.Warnings, show(r))
	}
}

// TestOlderBrokersAreRead reads brokers that lack the newer requests.
func TestOlderBrokersAreRead(t *testing.T) {
	for name, version := range map[string]*kversion.Versions{
		"0.11": kversion.V0_11_0(), "1.1": kversion.V1_1_0(), "2.3": kversion.V2_3_0(), "2.8": kversion.V2_8_0(),
		"3.3": kversion.V3_3_0(), "3.7": kversion.V3_7_0(), "4.0": kversion.V4_0_0(),
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "orders"), kfake.MaxVersions(version))
			c := s.client(kgo.MaxVersions(version))
			produce(t, c, order("orders", 0, "o-1"), order("orders", 0, "o-2"))
			for _, group := range []string{"a", "b"} {
				consumer := s.client(append(member(group, "orders"), kgo.MaxVersions(version))...)
				consume(t, consumer, 2)
				if err := consumer.CommitRecords(within(t), &kgo.Record{Topic: "orders", Offset: 0}); err != nil {
					t.Fatal(err)
				}
			}
			for _, config := range [][]string{nil, {"version: " + name + ".0"}} {
				if name == "0.11" && config != nil {
					config = []string{"version: 0.11.0.0"}
				}
				r := until(t, watch(t, s.settings(config...)), "two groups that are read", func(r signal.Report) bool {
					a, _ := queueOf(r, "orders", "a")
					b, _ := queueOf(r, "orders", "b")
					return a.Consumers == 1 && b.Consumers == 1
				})
				for _, q := range r.Queues {
					if q.Ready != 1 || !q.Oldest.Known() {
						t.Errorf("with %v got %s", config, show(r))
					}
				}
			}
		})
	}
}

func TestGroupThatCannotBeReadIsNamedInTheError(t *testing.T) {
	for name, test := range map[string]struct {
		key  kmsg.Key
		err  *kerr.Error
		want string
	}{
		"commits not authorized": {kmsg.OffsetFetch, kerr.GroupAuthorizationFailed, "group shipping: not authorized to describe it"},
		"members not authorized": {kmsg.DescribeGroups, kerr.GroupAuthorizationFailed, "members of group shipping: not authorized to describe it"},
		"coordinator has moved":  {kmsg.OffsetFetch, kerr.NotCoordinator, "group shipping: the coordinator is moving"},
		"coordinator is loading": {kmsg.OffsetFetch, kerr.CoordinatorLoadInProgress, "group shipping: the coordinator is loading"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "orders"))
			c := s.client()
			produce(t, c, order("orders", 0, "o-1"))
			commit(t, c, "billing", "orders", map[int32]int64{0: 0})
			consume(t, s.client(member("shipping", "orders")...), 1)
			s.Fault(kfake.Fault{Keys: []kmsg.Key{test.key}, Group: "shipping", Err: test.err, Count: -1})
			r, err := read(t, watch(t, s.settings()))
			if err == nil || err.Error() != test.want {
				t.Errorf("got error %v, want %s", err, test.want)
			}
			mustQueue(t, r, "orders", "billing")
			if q, ok := queueOf(r, "orders", "shipping"); ok && q.Consumers != signal.Unknown {
				t.Errorf("got %+v", q)
			}
		})
	}
}

// TestFailedListOfGroupsIsNotAnEmptyOne: otherwise every group would disappear while a
// broker starts.
func TestFailedListOfGroupsIsNotAnEmptyOne(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListGroups}, TopLevel: true, Err: kerr.CoordinatorNotAvailable})
	r := watch(t, s.settings())
	if _, err := read(t, r); err == nil || err.Error() != "groups of broker 0: the coordinator is not available" {
		t.Errorf("got %v", err)
	}
	readWhole(t, r)
}

func TestFingerprintChangesWithTheMembers(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders"))
	r := watch(t, s.settings())
	join := func() *kgo.Client { return s.client(kgo.ConsumerGroup("billing"), kgo.ConsumeTopics("orders")) }
	members := func(n signal.Count) uint64 {
		report := until(t, r, fmt.Sprint(n, " members"), func(report signal.Report) bool {
			q, ok := queueOf(report, "orders", "billing")
			return ok && q.Consumers == n && q.GroupState == "Stable"
		})
		return mustQueue(t, report, "orders", "billing").Members
	}
	first := join()
	alone := members(1)
	if alone == 0 || members(1) != alone {
		t.Errorf("fingerprint %d, then %d, want the same for the same member", alone, members(1))
	}
	second := join()
	both := members(2)
	first.CloseAllowingRebalance()
	other := members(1)
	if both == alone || other == alone || other == both || both != alone+other {
		t.Errorf("fingerprints %d, %d, %d, want each another", alone, both, other)
	}
	commit(t, s.client(), "simple", "orders", map[int32]int64{0: 0})
	second.CloseAllowingRebalance()
	report := until(t, r, "a group without members", func(report signal.Report) bool {
		_, ok := queueOf(report, "orders", "simple")
		return ok
	})
	if m := mustQueue(t, report, "orders", "simple").Members; m != 0 {
		t.Errorf("fingerprint %d of a group without members", m)
	}
}
