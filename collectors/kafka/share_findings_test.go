package kafka_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// shareGroupsAreDecided watches three share groups of one topic, to which messages keep coming:
// one whose member left, one whose member acknowledges nothing, and one that works.
func shareGroupsAreDecided(t *testing.T, s shop, addrs []string) {
	t.Helper()
	absent, stalled, works := s.topic+"-absent", s.topic+"-stalled", s.topic+"-works"
	members := map[string]*kgo.Client{}
	produce(t, s.client, order(s.topic, 0, "o"))
	for _, group := range []string{absent, stalled, works} {
		fromEarliest(t, s.client, group)
		members[group] = client(t, addrs, kgo.ShareGroup(group), kgo.ConsumeTopics(s.topic))
		records := acquire(t, members[group], 1)
		if group != stalled {
			members[group].MarkAcks(kgo.AckAccept, records...)
			if err := members[group].FlushAcks(within(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	members[absent].Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { // acknowledges what it got at each next poll
		for ctx.Err() == nil {
			members[works].PollFetches(ctx)
		}
	}()

	r := watch(t, settings(t, addrs, "topics: {include: '"+s.topic+"'}", "groups: {include: '"+s.topic+".*'}", "interval: 1s", "objectives: [{max_age: 4s, absent_after: 4s}]"))
	detector := detect.New()
	want := []string{"consumer_absent " + absent, "consumer_stalled " + stalled}
	var open []string
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until) && !slices.Equal(open, want); time.Sleep(time.Second) {
		produce(t, s.client, order(s.topic, 0, "o"))
		report := signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, Interval: time.Second}
		if report.Err = r.Read(within(t), &report); report.Err != nil {
			t.Fatal(report.Err)
		}
		report.At = time.Now()
		detector.Observe(&report)
		open = nil
		for _, f := range detector.Open() {
			open = append(open, string(f.Mode)+" "+f.Subject.Group)
		}
		slices.Sort(open)
		if slices.ContainsFunc(detector.Open(), func(f signal.Finding) bool { return f.Subject.Group == works }) {
			t.Fatalf("a finding of the group that works: %q", open)
		}
	}
	if !slices.Equal(open, want) {
		t.Errorf("open are %q, want %q", open, want)
	}
}

func TestShareGroupsAreDecided(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	shareGroupsAreDecided(t, shop{"orders", s.client()}, s.ListenAddrs())
}
