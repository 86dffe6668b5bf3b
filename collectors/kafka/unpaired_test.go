package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestTopicThatShouldHaveADeadLetterQueueByName(t *testing.T) {
	shop := []string{"orders", "payments", "refunds"}
	for name, test := range map[string]struct {
		topics []string // beside those of the shop, which the group reads
		config []string
		want   map[string]signal.Unpaired
	}{
		"it has a topic of retries": {
			topics: []string{"orders-retry"},
			want:   map[string]signal.Unpaired{"orders": {Retries: "orders-retry"}},
		},
		"it has topics of retries with delays": {
			topics: []string{"orders.retry.5m", "orders.retry.30m"},
			want:   map[string]signal.Unpaired{"orders": {Retries: "orders.retry.30m"}},
		},
		"every other topic of the group has one": {
			topics: []string{"payments.dlq", "refunds-dlt"},
			want:   map[string]signal.Unpaired{"orders": {Siblings: 2}},
		},
		"benign: it has topics of retries and a dead letter queue": {topics: []string{"orders-retry-0", "orders-retry-1", "orders-dlt"}},
		"benign: its topic of retries has the dead letter queue":   {topics: []string{"orders-retry", "orders-retry-dlt"}},
		"benign: all have one":                                      {topics: []string{"orders.dlq", "payments.dlq", "refunds.dlq"}},
		"benign: none has one":                                      {},
		"benign: only one other has one":                            {topics: []string{"payments.dlq"}},
		"benign: a dead letter queue for all topics, in the config": {topics: []string{"orders-retry", "failed"}, config: []string{"dlq: ['{topic}.dlq', failed]"}},
		"benign: a topic that may be a dead letter queue for all":   {topics: []string{"orders-retry", "company.dead-letters"}},
		"benign: the same, and it is not watched":                   {topics: []string{"orders-retry", "company.dead-letters"}, config: []string{"topics: {exclude: company.*}"}},
		"benign: a topic for retries by its role":                   {topics: []string{"payments.dlq", "refunds.dlq"}, config: []string{"roles: [{topics: orders, role: retry}]"}},
		"benign: retries of a topic that does not exist":            {topics: []string{"shipments-retry"}},
		"the dead letter queue of a topic that is not watched": {
			topics: []string{"orders-retry", "stock", "stock.dlq"}, config: []string{"topics: {exclude: stock.*}"},
			want: map[string]signal.Unpaired{"orders": {Retries: "orders-retry"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, append(test.topics, shop...)...))
			c := s.client()
			for _, topic := range shop {
				commit(t, c, "billing", topic, map[int32]int64{0: 0})
			}
			got := map[string]signal.Unpaired{}
			for _, q := range readWhole(t, watch(t, s.settings(test.config...))).Queues {
				if q.Unpaired != nil {
					got[q.Destination] = *q.Unpaired
				}
			}
			if len(got) != len(test.want) {
				t.Errorf("got %+v", got)
			}
			for topic, want := range test.want {
				if got[topic] != want {
					t.Errorf("%s: got %+v, want %+v", topic, got[topic], want)
				}
			}
		})
	}
}
