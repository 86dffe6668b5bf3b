package demo

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

func (s *Shop) consumerCrashes() fault {
	var orderID string
	var crashing sync.WaitGroup
	fixed := make(chan struct{})
	return fault{
		mode:  signal.RetryLoop,
		title: "a message crashes the loyalty service whenever it starts",
		inject: func(ctx context.Context) (expectation, error) {
			orderID = s.newOrderID()
			s.setFatal(orderID, true)
			if err := s.publish(ctx, topicPoints, orderID, ""); err != nil {
				return expectation{}, err
			}
			crashing.Go(func() { s.crashAgain(ctx, fixed) })
			return expectation{subject: queue(topicPoints, "loyalty"), orders: []string{orderID}}, nil
		},
		lasts: 2*queueMaxAge + slack,
		heal: func(context.Context) error {
			s.setFatal(orderID, false)
			close(fixed)
			crashing.Wait()
			return nil
		},
		twinTitle: "a message crashes the loyalty service once and is processed after the restart",
		twin: func(ctx context.Context) error {
			orderID := s.newOrderID()
			s.setFatal(orderID, true)
			if err := s.publish(ctx, topicPoints, orderID, ""); err != nil {
				return err
			}
			pause(ctx, time.Second)
			s.setFatal(orderID, false)
			return s.restartLoyalty(ctx)
		},
		twinLasts: 3 * time.Second,
	}
}

// crashAgain restarts the loyalty service whenever it has tried the fatal message, until
// fixed is closed. It always leaves the service running.
func (s *Shop) crashAgain(ctx context.Context, fixed <-chan struct{}) {
	for {
		select {
		case <-s.dying:
		case <-fixed:
			return
		case <-ctx.Done():
			return
		}
		if !pause(ctx, 700*time.Millisecond) || s.restartLoyalty(context.WithoutCancel(ctx)) != nil {
			return
		}
	}
}

func (s *Shop) restartLoyalty(ctx context.Context) error {
	s.loyalty.leave()
	select {
	case <-s.dying: // from the process that has ended
	default:
	}
	pause(ctx, 100*time.Millisecond)
	return s.loyalty.join(ctx)
}

// setFatal makes an order crash the loyalty service, or stops it from doing so.
func (s *Shop) setFatal(orderID string, fatal bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fatal[orderID] = fatal
}

// credit adds the loyalty points of an order.
func (s *Shop) credit(_ context.Context, r *kgo.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fatal[string(r.Key)] {
		select {
		case s.dying <- struct{}{}:
		default:
		}
		return errTryAgain // after the restart
	}
	return nil
}
