package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// fault is one way to lose orders, and its benign twin: what looks like it and is
// not.
type fault struct {
	mode signal.Mode
	// title says what breaks, for somebody who has never seen the shop.
	title string
	// inject breaks it and returns what a perfect detector would say.
	inject func(ctx context.Context) (expectation, error)
	// lasts is how long it stays broken: as long as it takes to be decidable, and a
	// little for a machine that is busy.
	lasts time.Duration
	heal  func(ctx context.Context) error

	twinTitle string
	twin      func(ctx context.Context) error
	twinLasts time.Duration // about how long the twin takes
}

// expectation is what was injected.
type expectation struct {
	subject signal.Subject
	orders  []string // that the finding must name
	count   int64    // of messages, where it is known; otherwise 0
}

// slack is what a fault lasts beyond the moment at which it can be decided.
const slack = 6 * time.Second

// faults returns one fault for every failure mode that is built.
func (s *Shop) faults(rng *rand.Rand) []fault {
	return []fault{
		s.relaySticks(),
		s.consumerHangs(rng.Int32N(partitions)),
		s.consumerDies(),
		s.retentionPassesGroup(),
		s.messageIsPoison(),
		s.orderIsForgotten(),
	}
}

func queue(topic, group string) signal.Subject {
	return signal.Subject{System: signal.Kafka, Cluster: "shop", Destination: topic, Group: group}
}

func (s *Shop) relaySticks() fault {
	return fault{
		mode:  signal.OutboxStalled,
		title: "the outbox relay sticks on one event and publishes nothing more",
		inject: func(ctx context.Context) (expectation, error) {
			head := s.relay.stick()
			select {
			case orderID := <-head:
				return expectation{subject: signal.Subject{Database: "shop", Outbox: "orders"}, orders: []string{orderID}}, nil
			case <-ctx.Done():
				return expectation{}, ctx.Err()
			}
		},
		lasts:     outboxMaxAge + slack,
		heal:      func(context.Context) error { s.relay.unstick(); return nil },
		twinTitle: "an import fills the outbox faster than the relay empties it, row by row",
		twin: func(ctx context.Context) error {
			defer s.relay.slowDown(0)
			s.relay.slowDown(100 * time.Millisecond)
			for range 50 {
				if err := s.placeOrder(ctx); err != nil {
					return err
				}
			}
			pause(ctx, 6*time.Second)
			return nil
		},
		twinLasts: 6 * time.Second,
	}
}

func (s *Shop) consumerHangs(partition int32) fault {
	subject := queue(topicPayments, "shipping")
	return fault{
		mode:  signal.ConsumerStalled,
		title: "shipping hangs on one of three partitions; the others go on",
		inject: func(ctx context.Context) (expectation, error) {
			s.shipping.hang(partition)
			for {
				// An order is on its way to the partition, whatever the relay does.
				orderID, on, err := s.placeOn(ctx, fate{})
				if err != nil || on == partition {
					return expectation{subject: subject, orders: []string{orderID}}, err
				}
			}
		},
		lasts:     queueMaxAge + slack,
		heal:      func(context.Context) error { s.shipping.release(); return nil },
		twinTitle: "shipping becomes slow, and still advances",
		twin: func(ctx context.Context) error {
			defer s.shipping.slowDown(0)
			s.shipping.slowDown(400 * time.Millisecond)
			pause(ctx, 6*time.Second)
			return nil
		},
		twinLasts: 6 * time.Second,
	}
}

func (s *Shop) consumerDies() fault {
	return fault{
		mode:  signal.ConsumerAbsent,
		title: "the email service dies; order confirmations wait and nobody reads them",
		inject: func(ctx context.Context) (expectation, error) {
			s.email.leave()
			_, err := s.placeFated(ctx, fate{}) // something waits, whatever the relay does
			return expectation{subject: queue(topicOrders, "email")}, err
		},
		lasts:     absentAfter + slack,
		heal:      s.email.join,
		twinTitle: "the email service is deployed: away for a second and a half",
		twin: func(ctx context.Context) error {
			s.email.leave()
			pause(ctx, 1500*time.Millisecond)
			return s.email.join(ctx)
		},
		twinLasts: 2 * time.Second,
	}
}

func (s *Shop) retentionPassesGroup() fault {
	const burst = 5
	return fault{
		mode:  signal.MessageLost,
		title: "retention removes notifications before sms has read them",
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
		twinTitle: "retention removes notifications that sms has read",
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

func (s *Shop) messageIsPoison() fault {
	return fault{
		mode:  signal.DLQFilling,
		title: "billing cannot process an order and sends it to the dead letter queue",
		inject: func(ctx context.Context) (expectation, error) {
			orderID, err := s.placeFated(ctx, fate{poison: true})
			return expectation{subject: queue(topicDeadLetters, ""), orders: []string{orderID}}, err
		},
		lasts:     slack,
		heal:      s.drainDeadLetters,
		twinTitle: "billing fails on an order twice and succeeds the third time",
		twin: func(ctx context.Context) error {
			_, err := s.placeFated(ctx, fate{failures: 2})
			return err
		},
		twinLasts: time.Second,
	}
}

func (s *Shop) orderIsForgotten() fault {
	var orderID string
	return fault{
		mode:  signal.OrderOverdue,
		title: "billing acknowledges an order and forgets it: it stays placed",
		inject: func(ctx context.Context) (expectation, error) {
			var err error
			orderID, err = s.placeFated(ctx, fate{forget: true})
			return expectation{subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"}, orders: []string{orderID}}, err
		},
		lasts:     placedMax + slack,
		heal:      func(ctx context.Context) error { return s.store.move(ctx, orderID, "cancelled", time.Now()) },
		twinTitle: "the bank takes long over an order, within its deadline",
		twin: func(ctx context.Context) error {
			_, err := s.placeFated(ctx, fate{delay: placedMax * 6 / 10})
			return err
		},
		twinLasts: placedMax * 7 / 10,
	}
}

// drainDeadLetters is the operator who takes the dead letters out again.
func (s *Shop) drainDeadLetters(ctx context.Context) error {
	if err := s.redrive.join(ctx); err != nil {
		return err
	}
	defer s.redrive.leave()
	for pause(ctx, 50*time.Millisecond) {
		committed, end, err := s.offsets(ctx, s.redrive)
		if err != nil {
			return err
		}
		if committed == end {
			return nil
		}
	}
	return ctx.Err()
}

func (s *Shop) smsOffsets(ctx context.Context) (committed, end int64, err error) {
	return s.offsets(ctx, s.sms)
}

// offsets returns the committed offset and the end of a consumer's topic, which
// has one partition.
func (s *Shop) offsets(ctx context.Context, c *consumer) (committed, end int64, err error) {
	fetch := kmsg.NewPtrOffsetFetchRequest()
	group := kmsg.NewOffsetFetchRequestGroup()
	topic := kmsg.NewOffsetFetchRequestGroupTopic()
	topic.Topic, topic.Partitions = c.topic, []int32{0}
	group.Group, group.Topics = c.group, []kmsg.OffsetFetchRequestGroupTopic{topic}
	fetch.Groups = []kmsg.OffsetFetchRequestGroup{group}
	fetched, err := fetch.RequestWith(ctx, s.producer)
	if err != nil {
		return 0, 0, fmt.Errorf("read offsets of %s: %w", c.group, err)
	}

	list := kmsg.NewPtrListOffsetsRequest()
	listTopic := kmsg.NewListOffsetsRequestTopic()
	partition := kmsg.NewListOffsetsRequestTopicPartition()
	partition.Timestamp = -1 // the end
	listTopic.Topic, listTopic.Partitions = c.topic, []kmsg.ListOffsetsRequestTopicPartition{partition}
	list.Topics = []kmsg.ListOffsetsRequestTopic{listTopic}
	listed, err := list.RequestWith(ctx, s.producer)
	if err != nil {
		return 0, 0, fmt.Errorf("read end of %s: %w", c.topic, err)
	}
	return max(0, fetched.Groups[0].Topics[0].Partitions[0].Offset), listed.Topics[0].Partitions[0].Offset, nil
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
