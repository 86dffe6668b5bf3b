package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) consumerLosesToRetention() fault {
	return fault{
		mode:  signal.MessageExpiring,
		title: "analytics falls behind on clicks, which the broker removes after 30 s",
		inject: func(context.Context) (expectation, error) {
			s.analytics.slowDown(time.Second)
			return expectation{subject: queue(topicClicks, "analytics")}, nil
		},
		lasts:     clicksKept*8/10 + slack,
		heal:      func(context.Context) error { s.analytics.slowDown(0); return nil },
		twinTitle: "analytics pauses for a third of the retention and catches up",
		twin: func(ctx context.Context) error {
			s.analytics.pause()
			pause(ctx, clicksKept/3)
			s.analytics.resume()
			return nil
		},
		twinLasts: clicksKept/3 + time.Second,
	}
}

// keepFor sets the retention of a topic.
func (s *Shop) keepFor(ctx context.Context, topic string, d time.Duration) error {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	setting := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	setting.Name, setting.Value = "retention.ms", new(fmt.Sprint(d.Milliseconds()))
	resource.Configs = []kmsg.IncrementalAlterConfigsRequestResourceConfig{setting}
	req.Resources = []kmsg.IncrementalAlterConfigsRequestResource{resource}
	resp, err := req.RequestWith(ctx, s.producer)
	if err == nil {
		err = kerr.ErrorForCode(resp.Resources[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("set retention of %s: %w", topic, err)
	}
	return nil
}
