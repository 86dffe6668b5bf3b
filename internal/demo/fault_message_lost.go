package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) retentionPassesGroup() fault {
	const burst = 5
	return fault{
		mode:  signal.MessageLost,
		title: "retention removes notifications before sms reads them",
		inject: func(ctx context.Context) (expectation, error) {
			s.sms.pause()
			if !pause(ctx, 2*pollInterval) {
				return expectation{}, ctx.Err()
			}
			for range burst {
				if err := s.publish(ctx, topicNotifications, s.newOrderID(), ""); err != nil {
					return expectation{}, err
				}
			}
			committed, end, err := s.smsOffsets(ctx)
			if err != nil {
				return expectation{}, err
			}
			return expectation{subject: queue(topicNotifications, "sms"), count: end - committed}, s.deleteRecords(ctx, end)
		},
		lasts:     slack,
		heal:      func(context.Context) error { s.sms.resume(); return nil },
		twinTitle: "retention removes notifications that sms has processed",
		twin: func(ctx context.Context) error {
			committed, _, err := s.smsOffsets(ctx)
			if err != nil {
				return err
			}
			return s.deleteRecords(ctx, committed)
		},
		twinLasts: time.Second,
	}
}

func (s *Shop) smsOffsets(ctx context.Context) (committed, end int64, err error) {
	return s.offsets(ctx, s.sms)
}

// deleteRecords removes the notifications below an offset, as retention does.
func (s *Shop) deleteRecords(ctx context.Context, before int64) error {
	req := kmsg.NewPtrDeleteRecordsRequest()
	topic := kmsg.NewDeleteRecordsRequestTopic()
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Offset = before
	topic.Topic, topic.Partitions = topicNotifications, []kmsg.DeleteRecordsRequestTopicPartition{partition}
	req.Topics, req.TimeoutMillis = []kmsg.DeleteRecordsRequestTopic{topic}, 5000
	if _, err := req.RequestWith(ctx, s.producer); err != nil {
		return fmt.Errorf("delete records: %w", err)
	}
	return nil
}
