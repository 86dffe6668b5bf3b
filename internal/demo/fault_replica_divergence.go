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
		title: "an old event comes late to the search, which shows a shipped order as paid",
		inject: func(ctx context.Context) (expectation, error) {
			orderID = s.shippedOrder(ctx)
			// The search has heard of it before the old event comes.
			pause(ctx, 500*time.Millisecond)
			return expectation{subject: signal.Subject{Database: "shop", Check: "search"}, orders: []string{orderID}, count: 1},
				s.store.overwrite(ctx, orderID, "paid", time.Now())
		},
		lasts:     matchGrace + 3*pollInterval + slack,
		heal:      func(ctx context.Context) error { return s.store.overwrite(ctx, orderID, "shipped", time.Now()) },
		twinTitle: "the search is two seconds behind",
		twin: func(ctx context.Context) error {
			defer s.idleSearch(false)
			s.idleSearch(true)
			pause(ctx, matchGrace/2)
			return nil
		},
		twinLasts: matchGrace/2 + time.Second,
	}
}
