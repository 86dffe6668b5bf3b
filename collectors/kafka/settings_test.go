package kafka_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// setupOf returns how a queue is set up.
func setupOf(t *testing.T, r signal.Report, topic string) *signal.Setup {
	t.Helper()
	i := slices.IndexFunc(r.Queues, func(q signal.Queue) bool { return q.Destination == topic })
	if i < 0 {
		t.Fatalf("no queue of %s in %+v", topic, r.Queues)
	}
	return r.Queues[i].Setup
}

// configure sets one setting of a topic.
func configure(t *testing.T, c *kgo.Client, topic, name, value string) {
	t.Helper()
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	one := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	one.Name, one.Value = name, &value
	resource.Configs = append(resource.Configs, one)
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(within(t), c)
	if err != nil {
		t.Fatalf("configure %s: %v", topic, err)
	}
	if code := resp.Resources[0].ErrorCode; code != 0 {
		t.Fatalf("configure %s: error %d", topic, code)
	}
}

func TestRetentionOfTopicsIsRead(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "usual", "short", "ever", "latest", "both", "small", "short.dlq"))
	c := s.client()
	configure(t, c, "short", "retention.ms", "60000")
	configure(t, c, "short.dlq", "retention.ms", "120000")
	configure(t, c, "ever", "retention.ms", "-1")
	configure(t, c, "latest", "cleanup.policy", "compact")
	configure(t, c, "both", "cleanup.policy", "compact,delete")
	configure(t, c, "small", "retention.bytes", "1000")
	for _, topic := range []string{"usual", "short", "ever", "latest", "both", "small"} {
		commit(t, c, "billing", topic, map[int32]int64{0: 0})
	}
	var last kmsg.Request
	asked := s.count(kmsg.DescribeConfigs, func(req kmsg.Request) bool { // called for each topic of a request
		again := req == last
		last = req
		return !again
	})
	r := watch(t, s.settings())
	report := readWhole(t, r)
	const week = 7 * 24 * time.Hour
	for topic, want := range map[string]signal.Setup{
		"usual":  {Type: "delete", Retention: week, MaxBytes: signal.Unknown},
		"short":  {Type: "delete", Retention: time.Minute, MaxBytes: signal.Unknown},
		"ever":   {Type: "delete", MaxBytes: signal.Unknown},
		"latest": {Type: "compact", MaxBytes: signal.Unknown},
		"both":   {Type: "compact,delete", Retention: week, MaxBytes: signal.Unknown},
		"small":  {Type: "delete", Retention: week, MaxBytes: 1000},
	} {
		want.MaxMessages, want.MaxDeliveries, want.DropsHead = signal.Unknown, signal.Unknown, true
		if got := setupOf(t, report, topic); got == nil || *got != want {
			t.Errorf("%s is set up as %+v, want %+v", topic, got, want)
		}
	}
	if d := deadLetters(report)["short.dlq"]; d.Retention != 2*time.Minute {
		t.Errorf("the dead letter queue keeps messages for %s", d.Retention)
	}
	for range 5 {
		readWhole(t, r)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once for all topics", n)
	}
}

// TestLoweredRetentionOfWhatWaitsIsReadAtOnce lowers it long before all settings are due.
func TestLoweredRetentionOfWhatWaitsIsReadAtOnce(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "waiting", "processed", "waiting.dlq"))
	c := s.client()
	for _, topic := range []string{"waiting", "waiting.dlq"} {
		if err := c.ProduceSync(within(t), &kgo.Record{Topic: topic, Value: []byte("order")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, c, "billing", "waiting", map[int32]int64{0: 0})
	commit(t, c, "billing", "processed", map[int32]int64{0: 0})
	r := watch(t, s.settings())
	readWhole(t, r)
	for _, topic := range []string{"waiting", "processed", "waiting.dlq"} {
		configure(t, c, topic, "retention.ms", "60000")
	}
	report := readWhole(t, r)
	if got := setupOf(t, report, "waiting").Retention; got != time.Minute {
		t.Errorf("messages that wait are kept for %s, want a minute", got)
	}
	if got := deadLetters(report)["waiting.dlq"].Retention; got != time.Minute {
		t.Errorf("dead letters are kept for %s, want a minute", got)
	}
	if got := setupOf(t, report, "processed").Retention; got == time.Minute {
		t.Error("the settings of a topic in which nothing waits were read again at once")
	}
}

func TestMissingSettingsAreUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		err     *kerr.Error
		warning string
	}{
		"not authorized":   {kerr.TopicAuthorizationFailed, "grant DESCRIBE_CONFIGS on topics orders"},
		"an unknown error": {kerr.UnknownServerError, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "orders"))
			s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: test.err, Count: -1})
			commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
			r := watch(t, s.settings())
			for range 3 {
				report := readWhole(t, r)
				if got := setupOf(t, report, "orders"); got != nil {
					t.Errorf("set up as %+v, want unknown", got)
				}
				told := 0
				for _, w := range report.Warnings {
					if test.warning != "" && strings.Contains(w, test.warning) {
						told++
					}
				}
				if want := min(1, len(test.warning)); told != want || len(report.Warnings) != want {
					t.Errorf("warnings %q, want %q once", report.Warnings, test.warning)
				}
			}
		})
	}
}
