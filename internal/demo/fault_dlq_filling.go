package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) messageIsPoison() fault {
	return fault{
		mode:  signal.DLQFilling,
		title: "billing cannot process an order and sends it to the dead letter queue",
		inject: func(ctx context.Context) (expectation, error) {
			orderID, err := s.placeWithFate(ctx, fate{poison: true})
			return expectation{subject: queue(topicDeadLetters, ""), orders: []string{orderID}}, err
		},
		lasts:     slack,
		heal:      s.drainDeadLetters,
		twinTitle: "billing fails on an order twice and succeeds at the third attempt",
		twin: func(ctx context.Context) error {
			_, err := s.placeWithFate(ctx, fate{failures: 2})
			return err
		},
		twinLasts: time.Second,
	}
}

// drainDeadLetters removes the dead letters, as an operator does.
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
