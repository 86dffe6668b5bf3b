package demo

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) consumerIsTooSlow() fault {
	return fault{
		mode:  signal.BacklogGrowing,
		title: "accounting becomes slow: invoices arrive faster than it books them",
		inject: func(context.Context) (expectation, error) {
			s.accounting.slowDown(600 * time.Millisecond)
			return expectation{subject: queue(topicInvoices, "accounting")}, nil
		},
		lasts:     2*queueMaxAge + slack,
		heal:      func(context.Context) error { s.accounting.slowDown(0); return nil },
		twinTitle: "a month's invoices arrive at once, and accounting catches up",
		twin: func(ctx context.Context) error {
			defer s.accounting.slowDown(0)
			s.accounting.slowDown(20 * time.Millisecond)
			const burst = 250
			invoices := make([]*kgo.Record, burst)
			for i := range invoices {
				invoices[i] = event(topicInvoices, s.newOrderID(), "")
			}
			if err := s.producer.ProduceSync(ctx, invoices...).FirstErr(); err != nil {
				return err
			}
			pause(ctx, 8*time.Second)
			return nil
		},
		twinLasts: 8 * time.Second,
	}
}
