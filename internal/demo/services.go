package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// sell is the storefront: it places orders until ctx ends.
func (s *Shop) sell(ctx context.Context) {
	for pause(ctx, orderEvery) {
		// An order that fails because the database is busy was never accepted; the
		// customer tries again.
		_ = s.placeOrder(ctx)
	}
}

// publishEvery publishes a message to a topic at an interval until ctx ends, as other
// services of the company do.
func (s *Shop) publishEvery(ctx context.Context, topic string, every time.Duration) {
	for pause(ctx, every) {
		_ = s.publish(ctx, topic, s.newOrderID(), "") // a message that fails was never sent
	}
}

// placeOrder places one order.
func (s *Shop) placeOrder(ctx context.Context) error {
	return s.store.place(ctx, s.newOrderID(), s.newRequest(), s.newTraceparent(), time.Now(), false)
}

// placeWithFate places an order with the given fate in billing. Its event bypasses the
// relay, so that one drill does not disturb another.
func (s *Shop) placeWithFate(ctx context.Context, f fate) (orderID string, err error) {
	orderID, _, err = s.placeOn(ctx, f)
	return orderID, err
}

// placeOn is placeWithFate that also returns the partition of the order, which is the same
// in all topics with that number of partitions.
func (s *Shop) placeOn(ctx context.Context, f fate) (orderID string, partition int32, err error) {
	orderID, traceparent := s.newOrderID(), s.newTraceparent()
	s.mu.Lock()
	s.fates[orderID] = f
	s.mu.Unlock()
	if err := s.store.place(ctx, orderID, cmp.Or(f.request, s.newRequest()), traceparent, time.Now(), true); err != nil {
		return "", 0, err
	}
	record := event(topicOrders, orderID, traceparent)
	if err := s.producer.ProduceSync(ctx, record).FirstErr(); err != nil {
		return "", 0, err
	}
	return orderID, record.Partition, nil
}

func (s *Shop) newTraceparent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("00-%016x%016x-%016x-01", s.rng.Uint64()|1, s.rng.Uint64(), s.rng.Uint64()|1)
}

// newRequest is the idempotency key of one click on "order".
func (s *Shop) newRequest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%016x", s.rng.Uint64())
}

func (s *Shop) newOrderID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return fmt.Sprintf("A-%d", s.next-1)
}

// errTryAgain makes a consumer handle the same message again.
var errTryAgain = errors.New("try again")

// bill takes the payment of an order.
func (s *Shop) bill(ctx context.Context, r *kgo.Record) error {
	orderID := string(r.Key)
	s.mu.Lock()
	f := s.fates[orderID]
	if f.failures > 0 {
		f.failures--
		s.fates[orderID] = f
		s.mu.Unlock()
		return errTryAgain
	}
	s.mu.Unlock()
	switch {
	case f.forget:
		return nil
	case f.poison:
		if err := s.publish(ctx, topicDeadLetters, orderID, traceparent(r)); err != nil {
			return err
		}
		return s.store.move(ctx, orderID, "payment_failed", time.Now(), "placed")
	case f.delay > 0:
		// The bank answers later; the event itself has been processed.
		s.running.Go(func() {
			if pause(ctx, f.delay) {
				_ = s.pay(ctx, orderID, traceparent(r), 0)
			}
		})
		return nil
	default:
		return s.pay(ctx, orderID, traceparent(r), f.ahead)
	}
}

// pay takes the payment. Its clock may be ahead.
func (s *Shop) pay(ctx context.Context, orderID, traceparent string, ahead time.Duration) error {
	s.mu.Lock()
	f := s.fates[orderID]
	s.mu.Unlock()
	at := time.Now().Add(ahead)
	if f.unpaid {
		if err := s.store.move(ctx, orderID, "paid", at, "placed"); err != nil {
			return err
		}
	} else if err := s.store.effect(ctx, orderID, "placed", "paid", "payments", at); err != nil {
		return err
	}
	return s.publish(ctx, topicPayments, orderID, traceparent)
}

// ship ships an order.
func (s *Shop) ship(ctx context.Context, r *kgo.Record) error {
	if err := s.store.effect(ctx, string(r.Key), "paid", "shipped", "shipments", time.Now()); err != nil {
		return err
	}
	return s.publish(ctx, topicNotifications, string(r.Key), traceparent(r))
}

func ignore(context.Context, *kgo.Record) error { return nil }

func (s *Shop) publish(ctx context.Context, topic, orderID, traceparent string) error {
	return s.producer.ProduceSync(ctx, event(topic, orderID, traceparent)).FirstErr()
}

// event is a message about an order; an empty traceparent is left out.
func event(topic, orderID, traceparent string) *kgo.Record {
	record := &kgo.Record{Topic: topic, Key: []byte(orderID), Value: []byte("{}")}
	if traceparent != "" {
		record.Headers = []kgo.RecordHeader{{Key: "traceparent", Value: []byte(traceparent)}}
	}
	return record
}

func traceparent(r *kgo.Record) string {
	for _, h := range r.Headers {
		if h.Key == "traceparent" {
			return string(h.Value)
		}
	}
	return ""
}
