package demo

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) consumerHangs(partition int32) fault {
	subject := queue(topicPayments, "shipping")
	return fault{
		mode:  signal.ConsumerStalled,
		title: "shipping hangs on one of three partitions; the others advance",
		inject: func(ctx context.Context) (expectation, error) {
			s.shipping.hang(partition)
			for {
				// An order is on its way to the partition, whatever the relay does.
				orderID, on, err := s.placeOn(ctx, fate{})
				if err != nil || on == partition {
					return expectation{subject: subject, orders: []string{orderID}}, err
				}
			}
		},
		lasts:     queueMaxAge + slack,
		heal:      func(context.Context) error { s.shipping.release(); return nil },
		twinTitle: "shipping becomes slow but still advances",
		twin: func(ctx context.Context) error {
			defer s.shipping.slowDown(0)
			s.shipping.slowDown(150 * time.Millisecond) // slower than orders arrive, and quick enough for a busy machine to catch up
			pause(ctx, 4*time.Second)
			return nil
		},
		twinLasts: 4 * time.Second,
	}
}
