package sqs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/fakesqs"
)

func TestConformance(t *testing.T) {
	collectortest.Run(t, func(t *testing.T) collectortest.Env {
		s := open(t)
		s.queue("orders-dlq")
		s.queue("payments")
		send(t, s.client, s.queue("orders", "RedrivePolicy", redrive("orders-dlq", 3)), 3)
		proxy := collectortest.NewProxy(t, strings.TrimPrefix(s.URL(), "http://"))
		return collectortest.Env{
			Target: sqs.Target(every(settings(t, "http://"+proxy.Addr(), fast, "timeout: 2s", "config_interval: 100ms",
				"cloudwatch: {interval: 100ms}"), 20*time.Millisecond)),
			Hang: proxy.Hang, Break: proxy.Refuse, Heal: proxy.Pass,
			Partial: func() {
				s.Fail(func(_, queue string) error {
					if queue == "payments" {
						return &fakesqs.Error{Code: "AccessDeniedException", Message: "no"}
					}
					return nil
				})
			},
			Missing:     "payments",
			Fingerprint: func() string { return fingerprint(t, s.client) },
			Secrets:     []string{secretKey, token, accessKey},
		}
	})
}

// every shortens the interval below what the file allows.
func every(c sqs.Config, interval time.Duration) sqs.Config {
	c.Interval = config.Duration(interval)
	return c
}

// fingerprint tells all attributes of all queues.
func fingerprint(t *testing.T, c *awssqs.Client) string {
	t.Helper()
	list, err := c.ListQueues(t.Context(), &awssqs.ListQueuesInput{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, url := range list.QueueUrls {
		answer, err := c.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, url, answer.Attributes)
	}
	return b.String()
}
