package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fraudCheck is a state that the config for lostorder does not declare.
const fraudCheck = "fraud_check"

func (s *Shop) orderIsInAnUnknownState() fault {
	var orderID string
	return fault{
		mode:  signal.OrderStateUnknown,
		title: "a release of billing puts an order into a new state, fraud_check, and nothing takes it out",
		inject: func(ctx context.Context) (expectation, error) {
			var err error
			orderID, err = s.placeIn(ctx, fraudCheck)
			return expectation{subject: signal.Subject{Database: "shop", Lifecycle: "order", State: fraudCheck}, orders: []string{orderID}}, err
		},
		lasts:     placedMax + slack,
		heal:      func(ctx context.Context) error { return s.store.setState(ctx, orderID, "cancelled", time.Now()) },
		twinTitle: "an order passes through fraud_check in four seconds",
		twin: func(ctx context.Context) error {
			id, err := s.placeIn(ctx, fraudCheck)
			if err != nil {
				return err
			}
			pause(ctx, 4*time.Second)
			return s.store.setState(context.WithoutCancel(ctx), id, "cancelled", time.Now())
		},
		twinLasts: 5 * time.Second,
	}
}

// placeIn places an order that billing forgets, and puts it into a state.
func (s *Shop) placeIn(ctx context.Context, state string) (orderID string, err error) {
	if orderID, err = s.placeWithFate(ctx, fate{forget: true}); err != nil {
		return "", err
	}
	return orderID, s.store.setState(ctx, orderID, state, time.Now())
}

// setState changes the state of an order without a row in its history, as a service does
// that does not write one.
func (s *store) setState(ctx context.Context, orderID, state string, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `UPDATE orders SET state = ?, state_since = ? WHERE id = ?`, state, at.UnixMilli(), orderID)
	return err
}
