package kafka_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

func deadLetters(r signal.Report) map[string]signal.DeadLetterQueue {
	found := map[string]signal.DeadLetterQueue{}
	for _, d := range r.DeadLetters {
		found[d.Destination] = d
	}
	return found
}

func TestDeadLetterQueuesArePairedByName(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq", "payments", "payments-dlt", "orphans.dlq", "shop-dead", "carts", "carts_dlq"))
	for name, test := range map[string]struct {
		config []string
		want   map[string][]string
	}{
		"by the default names":         {nil, map[string][]string{"orders.dlq": {"orders"}, "payments-dlt": {"payments"}, "carts_dlq": {"carts"}}},
		"by names from the config":     {[]string{`dlq: ["{topic}-dlt", shop-dead]`}, map[string][]string{"payments-dlt": {"payments"}, "shop-dead": nil}},
		"of a topic that is included":  {[]string{`topics: {include: orders}`}, map[string][]string{"orders.dlq": {"orders"}}},
		"but not one that is excluded": {[]string{`topics: {exclude: .*dl.}`}, map[string][]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := deadLetters(readWhole(t, watch(t, s.settings(test.config...))))
			if len(got) != len(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			for topic, sources := range test.want {
				if d, ok := got[topic]; !ok || !slices.Equal(d.Sources, sources) || d.System != signal.Kafka || d.Cluster != "main" {
					t.Errorf("got %v, want %v", got, test.want)
				}
			}
		})
	}
}

// TestDeadLetterQueuesOfFrameworksArePaired uses the names that frameworks choose.
func TestDeadLetterQueuesOfFrameworksArePaired(t *testing.T) {
	names := map[string]string{
		"orders.dlt": "orders", "orders-DLT": "orders", "orders_DLQ": "orders", "orders-DLQ": "orders", "orders.dead-letter": "orders", "orders_error": "orders",
		"dlq.orders": "orders", "error.orders.billing": "orders", "error.orders.eu.billing": "orders.eu", "error.orders.a.b": "orders",
	}
	benign := []string{"error", "error.orders", "error.unknown.billing", "orders.errors", "orders-audit", "dlqueue"}
	all := append(slices.Collect(maps.Keys(names)), benign...)
	s := serve(t, kfake.SeedTopics(1, append(all, "orders", "orders.eu")...))
	report := readWhole(t, watch(t, s.settings()))
	got := deadLetters(report)
	if len(got) != len(names) || warns(report, "named like a dead letter queue") {
		t.Errorf("got\n%s", show(report))
	}
	for name, source := range names {
		if d := got[name]; !slices.Equal(d.Sources, []string{source}) {
			t.Errorf("%s belongs to %v, want %s", name, d.Sources, source)
		}
	}
}

func TestGroupPlaceholderStandsForAnyGroup(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.billing.failed", "billing~orders", "dead-billing", "dead-", "orders..failed"))
	for pattern, want := range map[string]map[string][]string{
		"{topic}.{group}.failed": {"orders.billing.failed": {"orders"}},
		"{group}~{topic}":        {"billing~orders": {"orders"}},
		"dead-{group}":           {"dead-billing": nil},
	} {
		got := deadLetters(readWhole(t, watch(t, s.settings(`dlq: ["`+pattern+`"]`))))
		if len(got) != len(want) {
			t.Errorf("%s: got %v", pattern, got)
		}
		for name, sources := range want {
			if d, ok := got[name]; !ok || !slices.Equal(d.Sources, sources) {
				t.Errorf("%s: got %v", pattern, got)
			}
		}
	}
}

func TestTopicNamedLikeADeadLetterQueueWithoutASourceIsAWarning(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq", "shop-DLQ-orders", "billing.dead-letters", "app-dlt-changelog", "dltx"))
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
	want := []string{
		"topic billing.dead-letters is named like a dead letter queue and belongs to no watched topic; add 'billing.dead-letters' to dlq, or exclude it",
		"topic shop-DLQ-orders is named like a dead letter queue and belongs to no watched topic; add 'shop-DLQ-{topic}' to dlq, or exclude it",
	}
	if report := readWhole(t, watch(t, s.settings())); !slices.Equal(report.Warnings, want) {
		t.Errorf("got %q", report.Warnings)
	}
	added := `dlq: ["{topic}.dlq", "shop-DLQ-{topic}", billing.dead-letters]`
	if report := readWhole(t, watch(t, s.settings(added))); len(report.Warnings) > 0 || len(report.DeadLetters) != 3 {
		t.Errorf("the warning stays with the lines that it proposes: got\n%s", show(report))
	}
	if report := readWhole(t, watch(t, s.settings(`topics: {exclude: ['billing\..*', 'shop-.*']}`))); len(report.Warnings) > 0 {
		t.Errorf("an excluded topic is named: %q", report.Warnings)
	}
}

func TestDeadLetterQueueHoldsWhatNoGroupConsumed(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders", "orders.dlq"))
	c := s.client()
	at := time.Now().Add(-2 * time.Hour).Truncate(time.Millisecond)
	for i := range 15 {
		produce(t, c, orderAt("orders.dlq", int32(i%2), fmt.Sprintf("o-%02d", i), at.Add(time.Duration(i)*time.Minute)))
	}
	deleteRecords(t, c, "orders.dlq", 0, 1)
	fetches := s.count(kmsg.Fetch, nil)
	r := watch(t, s.settings("order_id: key"))
	report := readWhole(t, r)
	d := deadLetters(report)["orders.dlq"]
	if d.Messages != 14 || d.Arrived != 15 || d.Oldest.Since != signal.InstantOf(at.Add(time.Minute)) || d.Oldest.Bound != signal.Measured {
		t.Errorf("got %+v", d)
	}
	if len(d.Sample) != 10 || d.Sample[0].ID != "o-14" || d.Sample[9].ID != "o-05" {
		t.Errorf("got %v", d.Sample)
	}
	looked := fetches.Load()
	readWhole(t, r)
	if fetches.Load() != looked {
		t.Error("read again, though nothing came")
	}
	produce(t, c, order("orders.dlq", 1, "o-99"))
	if d = deadLetters(readWhole(t, r))["orders.dlq"]; d.Messages != 15 || d.Sample[0].ID != "o-99" || fetches.Load() == looked {
		t.Errorf("got %+v", d)
	}

	// What a group took out again does not sit there any more: of several the one
	// that took out most counts.
	commit(t, c, "replayer", "orders.dlq", map[int32]int64{0: 8, 1: 6})
	commit(t, c, "archive", "orders.dlq", map[int32]int64{0: 2, 1: 0})
	report = readWhole(t, r)
	d = deadLetters(report)["orders.dlq"]
	if d.Messages != 2 || d.Arrived != 16 || !d.Oldest.Known() || len(d.Sample) != 2 || d.Sample[0].ID != "o-99" || d.Sample[1].ID != "o-13" {
		t.Errorf("got %+v", d)
	}
	if q := mustQueue(t, report, "orders.dlq", "archive"); q.Ready != 14 {
		t.Errorf("got %+v", q)
	}
	commit(t, c, "replayer", "orders.dlq", map[int32]int64{0: 8, 1: 8})
	if d = deadLetters(readWhole(t, r))["orders.dlq"]; d.Messages != 0 || d.Oldest.Known() || len(d.Sample) != 0 {
		t.Errorf("got %+v", d)
	}
}

// TestReplayOfOnePartitionHidesNoOther: a group that assigns partitions itself shows
// nothing about those on which it never committed.
func TestReplayOfOnePartitionHidesNoOther(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders", "orders.dlq"))
	c := s.client()
	at := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	for i := range 6 {
		produce(t, c, orderAt("orders.dlq", int32(i%2), fmt.Sprintf("o-%d", i), at.Add(time.Duration(i)*time.Minute)))
	}
	commit(t, c, "replayer", "orders.dlq", map[int32]int64{0: 3})
	d := deadLetters(readWhole(t, watch(t, s.settings("order_id: key"))))["orders.dlq"]
	var named []string
	for _, ref := range d.Sample {
		named = append(named, ref.ID)
	}
	if d.Messages != 3 || d.Arrived != 6 || d.Oldest.Since != signal.InstantOf(at.Add(time.Minute)) || !slices.Equal(named, []string{"o-5", "o-3", "o-1"}) {
		t.Errorf("got %+v", d)
	}
}
