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
		title: "somebody removes the redrive policy of the reservations; one that fails would be tried until it is thrown away",
		inject: func(ctx context.Context) (expectation, error) {
			return expectation{subject: sqsQueue(queueReservations)}, remove(ctx)
		},
		lasts:     queueMaxAge + slack,
		heal:      restore,
		twinTitle: "the redrive policy of the reservations is replaced: for a second and a half there is none",
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
