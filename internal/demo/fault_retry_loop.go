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
	mended := make(chan struct{})
	return fault{
		mode:  signal.RetryLoop,
		title: "the loyalty service dies of a message whenever it is started",
		inject: func(ctx context.Context) (expectation, error) {
			orderID = s.newOrderID()
			s.kills(orderID, true)
			if err := s.publish(ctx, topicPoints, orderID, ""); err != nil {
				return expectation{}, err
			}
			crashing.Go(func() { s.crashAgain(ctx, mended) })
			return expectation{subject: queue(topicPoints, "loyalty"), orders: []string{orderID}}, nil
		},
		lasts: 2*queueMaxAge + slack,
		heal: func(context.Context) error {
			s.kills(orderID, false)
			close(mended)
			crashing.Wait()
			return nil
		},
		twinTitle: "the loyalty service dies of a message once, and is done with it when it is started again",
		twin: func(ctx context.Context) error {
			orderID := s.newOrderID()
			s.kills(orderID, true)
			if err := s.publish(ctx, topicPoints, orderID, ""); err != nil {
				return err
			}
			pause(ctx, time.Second)
			s.kills(orderID, false)
			return s.restartLoyalty(ctx)
		},
		twinLasts: 3 * time.Second,
	}
}

// crashAgain lets the loyalty service die whenever it has tried a message that kills
// it for a moment, and be started again, until it is mended. It always leaves it running.
func (s *Shop) crashAgain(ctx context.Context, mended <-chan struct{}) {
	for {
		select {
		case <-s.dying:
		case <-mended:
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
	case <-s.dying: // that was the one that is gone
	default:
	}
	pause(ctx, 100*time.Millisecond)
	return s.loyalty.join(ctx)
}

// kills makes an order one of which the loyalty service dies, or no more.
func (s *Shop) kills(orderID string, fatal bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fatal[orderID] = fatal
}

// credit gives the points of an order.
func (s *Shop) credit(_ context.Context, r *kgo.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fatal[string(r.Key)] {
		select {
		case s.dying <- struct{}{}:
		default:
		}
		return errTryAgain // by the one that is started after it
	}
	return nil
}
