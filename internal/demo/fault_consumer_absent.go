package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) consumerDies() fault {
	return fault{
		mode:  signal.ConsumerAbsent,
		title: "the email service dies; order confirmations wait and no consumer reads them",
		inject: func(ctx context.Context) (expectation, error) {
			s.email.leave()
			_, err := s.placeWithFate(ctx, fate{}) // at least one message waits, whatever the relay does
			return expectation{subject: queue(topicOrders, "email")}, err
		},
		lasts:     absentAfter + slack,
		heal:      s.email.join,
		twinTitle: "the email service is deployed: it is away for 1.5 seconds",
		twin: func(ctx context.Context) error {
			s.email.leave()
			pause(ctx, 1500*time.Millisecond)
			return s.email.join(ctx)
		},
		twinLasts: 2 * time.Second,
	}
}
