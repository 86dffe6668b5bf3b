package kafka_test

import (
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// signalReader takes readings.
type signalReader = collectors.Reader

// leaveTopic has a group read topics a and b, then only a, while 7 messages arrive in b, and
// checks the warning. join returns a member of the group that subscribes to topics.
func leaveTopic(t *testing.T, c *kgo.Client, r signalReader, group, a, b string, join func(topics ...string) *kgo.Client) {
	t.Helper()
	produce(t, c, order(a, 0, "o-1"), order(b, 0, "o-2"))
	both := join(a, b)
	consume(t, both, 2)
	if err := both.CommitUncommittedOffsets(within(t)); err != nil {
		t.Fatal(err)
	}
	for range 7 {
		produce(t, c, order(b, 0, "o-3"))
	}
	report := until(t, r, "a backlog of a subscribed topic", func(r signal.Report) bool {
		q, _ := queueOf(r, b, group)
		return q.Ready == 7 && q.Consumers == 1
	})
	if warns(report, "left over") {
		t.Errorf("a topic that a member reads is called left over: got\n%s", show(report))
	}
	both.CloseAllowingRebalance()
	report = until(t, r, "a group without members", func(r signal.Report) bool {
		q, _ := queueOf(r, b, group)
		return q.Consumers == 0
	})
	if q := mustQueue(t, report, b, group); q.Ready != 7 || len(q.Partitions) == 0 || warns(report, "left over") {
		t.Errorf("the backlog of a group that is down is called left over: got\n%s", show(report))
	}
	one := join(a)
	produce(t, c, order(a, 0, "o-4"))
	consume(t, one, 1)
	report = until(t, r, "a warning", func(r signal.Report) bool { return warns(r, "left over") })
	if !warns(report, "group "+group+" is alive", "topic "+b, "7 messages") {
		t.Errorf("got\n%s", show(report))
	}
	if q := mustQueue(t, report, b, group); q.Ready != 7 || q.Consumers != signal.Unknown || len(q.Partitions) != 0 || q.Oldest.Known() || !reflect.DeepEqual(q.Objective, signal.Objective{}) {
		t.Errorf("left over offsets take part in decisions: got %+v", q)
	}
	if q := mustQueue(t, report, a, group); q.Consumers != 1 || len(q.Partitions) == 0 {
		t.Errorf("the topic that it reads is left out: got %+v", q)
	}
}

func TestOffsetsThatALivingGroupLeftOverAreAWarning(t *testing.T) {
	for name, opts := range map[string][]kgo.Opt{"classic": nil, "KIP-848": {kgo.ServerSideBalancer()}} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "a", "b"))
			leaveTopic(t, s.client(), watch(t, s.settings()), "billing", "a", "b", func(topics ...string) *kgo.Client {
				return s.client(append(member("billing", topics...), opts...)...)
			})
		})
	}
}
