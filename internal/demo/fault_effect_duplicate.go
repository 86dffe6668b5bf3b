package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) orderIsShippedTwice() fault {
	var orderID string
	return fault{
		mode:  signal.EffectDuplicate,
		title: "shipping retries after a timeout and ships an order twice",
		inject: func(ctx context.Context) (expectation, error) {
			orderID = s.shippedOrder(ctx)
			return expectation{subject: signal.Subject{Database: "shop", Check: "shipments"}, orders: []string{orderID}, count: 1},
				s.store.add(ctx, "shipments", orderID, time.Now())
		},
		lasts:     matchGrace + 3*pollInterval + slack,
		heal:      func(ctx context.Context) error { return s.store.removeShipment(ctx, orderID) },
		twinTitle: "shipping receives the same event twice and ships once",
		twin:      func(ctx context.Context) error { return s.publish(ctx, topicPayments, s.shippedOrder(ctx), "") },
		twinLasts: time.Second,
	}
}

// shippedOrder waits for an order that was shipped and returns it.
func (s *Shop) shippedOrder(ctx context.Context) string {
	for {
		orderID, err := s.store.lastShipped(ctx)
		if err == nil || !pause(ctx, 50*time.Millisecond) {
			return orderID
		}
	}
}
