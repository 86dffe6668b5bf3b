package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) requestIsSentTwice() fault {
	var second string
	return fault{
		mode:  signal.OrderDuplicate,
		title: "a storefront request times out and is sent again: one click, two orders",
		inject: func(ctx context.Context) (expectation, error) {
			request := s.newRequest()
			first, err := s.placeWithFate(ctx, fate{request: request})
			if err != nil {
				return expectation{}, err
			}
			// Billing forgets it, so that it can still be cancelled.
			second, err = s.placeWithFate(ctx, fate{request: request, forget: true})
			return expectation{subject: orders, orders: []string{first, second}, count: 1}, err
		},
		lasts:     slack,
		heal:      func(ctx context.Context) error { return s.store.move(ctx, second, "cancelled", time.Now(), "placed") },
		twinTitle: "the same customer orders the same goods again with a second click",
		twin: func(ctx context.Context) error {
			for range 2 {
				if _, err := s.placeWithFate(ctx, fate{}); err != nil {
					return err
				}
			}
			return nil
		},
		twinLasts: 2 * time.Second,
	}
}
