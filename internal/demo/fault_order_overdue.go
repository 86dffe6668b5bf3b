package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) orderIsForgotten() fault {
	var orderID string
	return fault{
		mode:  signal.OrderOverdue,
		title: "billing acknowledges an order and forgets it: the order stays placed",
		inject: func(ctx context.Context) (expectation, error) {
			var err error
			orderID, err = s.placeWithFate(ctx, fate{forget: true})
			return expectation{subject: signal.Subject{Database: "shop", Lifecycle: "order", State: "placed"}, orders: []string{orderID}}, err
		},
		lasts:     placedMax + slack,
		heal:      func(ctx context.Context) error { return s.store.move(ctx, orderID, "cancelled", time.Now(), "placed") },
		twinTitle: "the bank is slow, but the order stays within its deadline",
		twin: func(ctx context.Context) error {
			_, err := s.placeWithFate(ctx, fate{delay: placedMax * 6 / 10})
			return err
		},
		twinLasts: placedMax * 7 / 10,
	}
}
