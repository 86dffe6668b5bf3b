package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) redrivePolicyIsRemoved() fault {
	remove := func(ctx context.Context) error { return s.warehouse.setRedrive(ctx, queueReservations, "") }
	restore := func(ctx context.Context) error { return s.warehouse.redrive(ctx, queueReservations) }
	return fault{
		mode:  signal.DLQMissing,
		title: "an operator removes the redrive policy of reservations; a failing message would be retried until it expires",
		inject: func(ctx context.Context) (expectation, error) {
			return expectation{subject: sqsQueue(queueReservations)}, remove(ctx)
		},
		lasts:     queueMaxAge + slack,
		heal:      restore,
		twinTitle: "the redrive policy of reservations is replaced: there is none for 1.5 seconds",
		twin: func(ctx context.Context) error {
			if err := remove(ctx); err != nil {
				return err
			}
			pause(ctx, 1500*time.Millisecond)
			return restore(ctx)
		},
		twinLasts: 2 * time.Second,
	}
}
