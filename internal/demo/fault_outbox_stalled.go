package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) relaySticks() fault {
	return fault{
		mode:  signal.OutboxStalled,
		title: "the outbox relay is stuck on one event and publishes nothing more",
		inject: func(ctx context.Context) (expectation, error) {
			head := s.relay.stick()
			select {
			case orderID := <-head:
				return expectation{subject: signal.Subject{Database: "shop", Outbox: "orders"}, orders: []string{orderID}}, nil
			case <-ctx.Done():
				return expectation{}, ctx.Err()
			}
		},
		lasts:     outboxMaxAge + slack,
		heal:      func(context.Context) error { s.relay.unstick(); return nil },
		twinTitle: "an import fills the outbox faster than the relay empties it",
		twin: func(ctx context.Context) error {
			s.relay.slowDown(100 * time.Millisecond)
			for range 50 {
				if err := s.placeOrder(ctx); err != nil {
					s.relay.slowDown(0)
					return err
				}
			}
			pause(ctx, 6*time.Second)
			s.relay.slowDown(0)
			// The twin ends when the relay has caught up, however slow the machine is.
			for pause(ctx, 50*time.Millisecond) {
				if rows, err := s.store.pending(ctx, 2); err == nil && len(rows) < 2 {
					break
				}
			}
			return nil
		},
		twinLasts: 6 * time.Second,
	}
}
