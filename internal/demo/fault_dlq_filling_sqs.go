package demo

import (
	"context"

	"github.com/lostorder/lostorder/internal/signal"
)

// returnIsPoison is messageIsPoison on SQS, where the broker itself moves a message that
// was received too often.
func (s *Shop) returnIsPoison() fault {
	const dead = queueReturns + deadLetterSuffix
	return fault{
		mode:  signal.DLQFilling,
		title: "the warehouse cannot process a return, and SQS moves the message to the dead letter queue",
		inject: func(ctx context.Context) (expectation, error) {
			return expectation{subject: sqsQueue(dead), count: 1}, s.sendWithFate(ctx, queueReturns, fate{poison: true})
		},
		lasts: maxReceives*retryAfter + slack,
		heal: func(ctx context.Context) error {
			for {
				n, err := s.warehouse.take(ctx, dead, func(string) bool { return true })
				if n > 0 || err != nil {
					return err
				}
			}
		},
		twinTitle: "the warehouse fails on a return twice and succeeds at the third attempt",
		twin: func(ctx context.Context) error {
			return s.sendWithFate(ctx, queueReturns, fate{failures: maxReceives - 1})
		},
		twinLasts: maxReceives * retryAfter,
	}
}
