package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

// refunder publishes refunds in transactions.
type refunder struct {
	shop   *Shop
	client *kgo.Client
}

// newRefunder returns a producer with a transactional id. One that is started again under
// the id of another ends the transaction of that one.
func (s *Shop) newRefunder(id string) (*refunder, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.ProducerLinger(0), kgo.TransactionalID(id), kgo.TransactionTimeout(5*time.Minute))
	if err != nil {
		return nil, fmt.Errorf("connect %s: %w", id, err)
	}
	return &refunder{s, client}, nil
}

// run publishes refunds until ctx ends, each in a short transaction.
func (r *refunder) run(ctx context.Context) {
	defer r.client.Close()
	for pause(ctx, refundEvery) {
		if r.client.BeginTransaction() != nil {
			continue
		}
		_, err := r.write(ctx)
		end := kgo.TryCommit
		if err != nil {
			end = kgo.TryAbort
		}
		_ = r.client.EndTransaction(ctx, end) // a refund that fails was never sent
	}
}

// write publishes a refund in the transaction that is open.
func (r *refunder) write(ctx context.Context) (orderID string, err error) {
	orderID = r.shop.newOrderID()
	return orderID, r.client.ProduceSync(ctx, event(topicRefunds, orderID, "")).FirstErr()
}

func (s *Shop) producerDiesInTransaction() fault {
	const id = "refunds-2"
	return fault{
		mode:  signal.TransactionHanging,
		title: "a refund service dies inside a transaction; the ledger receives no refund behind it",
		inject: func(ctx context.Context) (expectation, error) {
			r, err := s.newRefunder(id)
			if err != nil {
				return expectation{}, err
			}
			defer r.client.Close()
			if err := r.client.BeginTransaction(); err != nil {
				return expectation{}, err
			}
			orderID, err := r.write(ctx)
			return expectation{subject: queue(topicRefunds, "ledger"), orders: []string{orderID}}, err
		},
		lasts: queueMaxAge + slack,
		heal: func(ctx context.Context) error {
			r, err := s.newRefunder(id)
			if err != nil {
				return err
			}
			defer r.client.Close()
			_, _, err = r.client.ProducerID(ctx)
			return err
		},
		twinTitle: "a refund service writes to one transaction for eight seconds and commits it",
		twin: func(ctx context.Context) error {
			r, err := s.newRefunder("refunds-3")
			if err != nil {
				return err
			}
			defer r.client.Close()
			if err := r.client.BeginTransaction(); err != nil {
				return err
			}
			for range 16 {
				if _, err := r.write(ctx); err != nil || !pause(ctx, 500*time.Millisecond) {
					return err
				}
			}
			return r.client.EndTransaction(ctx, kgo.TryCommit)
		},
		twinLasts: 8 * time.Second,
	}
}
