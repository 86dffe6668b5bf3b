package demo

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

// labelPrinter prints a label for each message of a topic. It can stay a number of labels
// behind, as fast as labels arrive.
type labelPrinter struct {
	*consumer
	shop      *Shop
	published atomic.Int64
	printed   atomic.Int64
	behind    atomic.Int64
}

func newLabelPrinter(s *Shop) *labelPrinter {
	p := &labelPrinter{shop: s}
	p.consumer = &consumer{brokers: s.brokers, group: "printing", topic: topicLabels, handle: p.print}
	return p
}

// publish publishes labels until ctx ends.
func (p *labelPrinter) publish(ctx context.Context) {
	for pause(ctx, labelEvery) {
		if p.shop.publish(ctx, topicLabels, p.shop.newOrderID(), "") == nil {
			p.published.Add(1)
		}
	}
}

// burst publishes many labels at once.
func (p *labelPrinter) burst(ctx context.Context, n int) error {
	labels := make([]*kgo.Record, n)
	for i := range labels {
		labels[i] = event(topicLabels, p.shop.newOrderID(), "")
	}
	if err := p.shop.producer.ProduceSync(ctx, labels...).FirstErr(); err != nil {
		return err
	}
	p.published.Add(int64(n))
	return nil
}

// print waits until enough labels have arrived after this one.
func (p *labelPrinter) print(ctx context.Context, _ *kgo.Record) error {
	for p.published.Load()-p.printed.Load() <= p.behind.Load() {
		if !pause(ctx, labelEvery/10) {
			return ctx.Err()
		}
		if p.behind.Load() == 0 {
			break
		}
	}
	p.printed.Add(1)
	return nil
}

func (s *Shop) consumerStaysBehind() fault {
	// So many labels wait that each is as late as two and a half objectives.
	const behind = int(5 * queueMaxAge / 2 / labelEvery)
	return fault{
		mode:  signal.MessageOverdue,
		title: "printing stays twelve seconds behind: it prints as many labels as arrive, each of them late",
		inject: func(ctx context.Context) (expectation, error) {
			s.printing.behind.Store(int64(behind))
			return expectation{subject: queue(topicLabels, "printing")}, s.printing.burst(ctx, behind)
		},
		lasts:     3*queueMaxAge + slack,
		heal:      func(context.Context) error { s.printing.behind.Store(0); return nil },
		twinTitle: "labels of a sale arrive at once and wait longer than the objective, and printing catches up",
		twin: func(ctx context.Context) error {
			defer s.printing.slowDown(0)
			s.printing.slowDown(30 * time.Millisecond)
			if err := s.printing.burst(ctx, 250); err != nil {
				return err
			}
			pause(ctx, 15*time.Second)
			return nil
		},
		twinLasts: 15 * time.Second,
	}
}
