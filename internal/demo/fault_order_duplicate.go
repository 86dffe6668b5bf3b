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
		title: "the storefront's request times out and is sent again: one click, two orders",
		inject: func(ctx context.Context) (expectation, error) {
			request := s.newRequest()
			first, err := s.placeFated(ctx, fate{request: request})
			if err != nil {
				return expectation{}, err
			}
			// The warehouse holds it, so that it can still be cancelled.
			second, err = s.placeFated(ctx, fate{request: request, forget: true})
			return expectation{subject: orders, orders: []string{first, second}, count: 1}, err
		},
		lasts:     slack,
		heal:      func(ctx context.Context) error { return s.store.move(ctx, second, "cancelled", time.Now(), "placed") },
		twinTitle: "the same customer orders the same again, with a click of its own",
		twin: func(ctx context.Context) error {
			for range 2 {
				if _, err := s.placeFated(ctx, fate{}); err != nil {
					return err
				}
			}
			return nil
		},
		twinLasts: 2 * time.Second,
	}
}
