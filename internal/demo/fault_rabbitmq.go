package demo

import (
	"context"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/internal/signal"
)

// pack runs the services on RabbitMQ and their publishers.
func (s *Shop) pack(ctx context.Context) error {
	p := s.packing
	p.gifts = &packer{connection: p.connection, queue: p.prefix + queueGifts, pack: s.wrap}
	p.labels = &packer{connection: p.connection, queue: p.prefix + queueLabels, pack: func(d amqp.Delivery) error { return d.Ack(false) }}
	for name, k := range map[string]*packer{queueGifts: p.gifts, queueLabels: p.labels} {
		if err := k.join(); err != nil {
			return err
		}
		s.running.Go(func() {
			for pause(ctx, parcelEvery) {
				_ = p.send(ctx, name, s.newOrderID())
			}
		})
	}
	return nil
}

// wrap wraps a gift, unless its fate is to fail.
func (s *Shop) wrap(d amqp.Delivery) error {
	if s.put(d.MessageId) {
		return d.Ack(false)
	}
	s.mu.Lock()
	poison := s.fates[d.MessageId].poison
	s.mu.Unlock()
	if poison {
		return d.Reject(false)
	}
	return d.Nack(false, true)
}

func (s *Shop) sendGift(ctx context.Context, f fate) error {
	orderID := s.newOrderID()
	s.mu.Lock()
	s.fates[orderID] = f
	s.mu.Unlock()
	return s.packing.send(ctx, queueGifts, orderID)
}

// giftIsPoison is messageIsPoison on RabbitMQ: the consumer rejects the message, and the
// broker moves it.
func (s *Shop) giftIsPoison() fault {
	return fault{
		mode:  signal.DLQFilling,
		title: "the packing room rejects a gift, and RabbitMQ moves it to the dead letter queue",
		inject: func(ctx context.Context) (expectation, error) {
			return expectation{subject: s.packing.subject(queueUnpacked), count: 1}, s.sendGift(ctx, fate{poison: true})
		},
		lasts:     rabbitLate + slack,
		heal:      func(context.Context) error { return s.packing.clear() },
		twinTitle: "the packing room requeues a gift twice and wraps it at the third attempt",
		twin:      func(ctx context.Context) error { return s.sendGift(ctx, fate{failures: 2}) },
		twinLasts: time.Second,
	}
}

// printerDies is consumerDies on RabbitMQ.
func (s *Shop) printerDies() fault {
	return fault{
		mode:  signal.ConsumerAbsent,
		title: "the label printer on RabbitMQ dies; labels wait and no consumer reads them",
		inject: func(context.Context) (expectation, error) {
			s.packing.labels.leave()
			return expectation{subject: s.packing.subject(queueLabels)}, nil
		},
		lasts:     rabbitLate + rabbitAbsent + slack,
		heal:      func(context.Context) error { return s.packing.labels.join() },
		twinTitle: "the label printer is deployed: it is away for 1.5 seconds",
		twin: func(ctx context.Context) error {
			s.packing.labels.leave()
			pause(ctx, 1500*time.Millisecond)
			return s.packing.labels.join()
		},
		twinLasts: 2 * time.Second,
	}
}
