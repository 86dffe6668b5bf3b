package demo

import (
	"context"
	"errors"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) eventIsForgotten() fault {
	var orderID string
	return fault{
		mode:  signal.EventMissing,
		title: "an order from the back office is committed without its event",
		inject: func(ctx context.Context) (expectation, error) {
			orderID = s.newOrderID()
			return expectation{subject: signal.Subject{Database: "shop", Check: "events"}, orders: []string{orderID}, count: 1},
				s.store.placeSilent(ctx, orderID, s.newTraceparent(), time.Now())
		},
		// It ends before the order is overdue.
		lasts: placedMax - 3*time.Second,
		heal: func(ctx context.Context) error {
			return errors.Join(s.store.move(ctx, orderID, "cancelled", time.Now(), "placed"), s.store.addEvent(ctx, orderID, time.Now()))
		},
		twinTitle: "old events are deleted from the outbox",
		twin: func(ctx context.Context) error {
			return s.store.cleanUp(ctx, time.Now().Add(-s.pace(eventsWithin+matchGrace)))
		},
		twinLasts: time.Second,
	}
}
