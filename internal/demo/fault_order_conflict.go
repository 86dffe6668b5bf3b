package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) orderIsPaidAndCancelled() fault {
	var orderID string
	return fault{
		mode:  signal.OrderConflict,
		title: "support cancels a paid order, and shipping overwrites the state: only the history shows it",
		inject: func(ctx context.Context) (expectation, error) {
			var err error
			if orderID, err = s.placeWithFate(ctx, fate{}); err != nil {
				return expectation{}, err
			}
			for pause(ctx, 50*time.Millisecond) {
				if state, err := s.store.state(ctx, orderID); err != nil || state != "placed" {
					break
				}
			}
			return expectation{subject: orders, orders: []string{orderID}}, s.store.overwritten(ctx, orderID, "cancelled", time.Now())
		},
		lasts:     3*pollInterval + slack,
		heal:      func(ctx context.Context) error { return s.store.correct(ctx, orderID, "cancelled") },
		twinTitle: "billing's clock is ahead: an order seems to be shipped before it is paid",
		twin: func(ctx context.Context) error {
			_, err := s.placeWithFate(ctx, fate{ahead: 800 * time.Millisecond})
			return err
		},
		twinLasts: 3 * pollInterval,
	}
}

// orders is the subject of findings about the order lifecycle as a whole.
var orders = signal.Subject{Database: "shop", Lifecycle: "order"}
