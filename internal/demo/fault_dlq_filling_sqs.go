package demo

import (
	"context"

	"github.com/lostorder/lostorder/internal/signal"
)

// returnIsPoison is messageIsPoison on SQS: the broker itself moves what was received
// too often.
func (s *Shop) returnIsPoison() fault {
	const dead = queueReturns + deadLetterSuffix
	return fault{
		mode:  signal.DLQFilling,
		title: "the warehouse cannot take back a parcel, and SQS moves the message to the dead letter queue",
		inject: func(ctx context.Context) (expectation, error) {
			return expectation{subject: sqsQueue(dead), count: 1}, s.sendFated(ctx, queueReturns, fate{poison: true})
		},
		lasts: mostReceipt*retryAfter + slack,
		heal: func(ctx context.Context) error {
			for {
				n, err := s.warehouse.take(ctx, dead, func(string) bool { return true })
				if n > 0 || err != nil {
					return err
				}
			}
		},
		twinTitle: "the warehouse fails on a parcel twice and takes it the third time",
		twin: func(ctx context.Context) error {
			return s.sendFated(ctx, queueReturns, fate{failures: mostReceipt - 1})
		},
		twinLasts: mostReceipt * retryAfter,
	}
}
