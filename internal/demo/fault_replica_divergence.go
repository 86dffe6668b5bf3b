package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) searchIsOverwritten() fault {
	var orderID string
	return fault{
		mode:  signal.ReplicaDivergence,
		title: "a late event overwrites the search: it shows a shipped order as paid",
		inject: func(ctx context.Context) (expectation, error) {
			orderID = s.shippedOrder(ctx)
			// The search has the new state before the late event arrives.
			pause(ctx, 500*time.Millisecond)
			return expectation{subject: signal.Subject{Database: "shop", Check: "search"}, orders: []string{orderID}, count: 1},
				s.store.overwrite(ctx, orderID, "paid", time.Now())
		},
		lasts:     matchGrace + 3*pollInterval + slack,
		heal:      func(ctx context.Context) error { return s.store.overwrite(ctx, orderID, "shipped", time.Now()) },
		twinTitle: "the search is two seconds behind",
		twin: func(ctx context.Context) error {
			defer s.pauseSearch(false)
			s.pauseSearch(true)
			pause(ctx, matchGrace/2)
			return nil
		},
		twinLasts: matchGrace/2 + time.Second,
	}
}
