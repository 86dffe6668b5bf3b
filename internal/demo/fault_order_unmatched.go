package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) paymentIsMissing() fault {
	var orderID string
	return fault{
		mode:  signal.OrderUnmatched,
		title: "billing marks an order as paid and takes no payment",
		inject: func(ctx context.Context) (expectation, error) {
			var err error
			orderID, err = s.placeWithFate(ctx, fate{unpaid: true})
			return expectation{subject: signal.Subject{Database: "shop", Check: "payments"}, orders: []string{orderID}, count: 1}, err
		},
		lasts:     matchGrace + 3*pollInterval + slack,
		heal:      func(ctx context.Context) error { return s.store.add(ctx, "payments", orderID, time.Now()) },
		twinTitle: "a payment is written two seconds after its order is marked paid",
		twin: func(ctx context.Context) error {
			orderID, err := s.placeWithFate(ctx, fate{unpaid: true})
			if err != nil {
				return err
			}
			pause(ctx, matchGrace/2)
			return s.store.add(ctx, "payments", orderID, time.Now())
		},
		twinLasts: matchGrace/2 + time.Second,
	}
}
