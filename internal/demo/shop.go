package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The shop's topics.
const (
	topicOrders        = "orders"
	topicDeadLetters   = "orders.dlq"
	topicPayments      = "payments"
	topicNotifications = "notifications"
	topicInvoices      = "invoices"
	topicClicks        = "clicks"
	topicPoints        = "points"
	topicLabels        = "labels"
	topicRefunds       = "refunds"
)

// The shop's objectives, as its config for lostorder states them. They are seconds where a
// real shop has minutes, so that a demo takes one minute.
const (
	outboxMaxAge = 4 * time.Second
	queueMaxAge  = 5 * time.Second
	absentAfter  = 4 * time.Second
	placedMax    = 14 * time.Second
	paidMax      = 40 * time.Second
	matchGrace   = 4 * time.Second
	stepMax      = 6 * time.Second
	eventsWithin = 18 * time.Second
	notifyWithin = 30 * time.Second
	countAgain   = 5 * time.Second // interval of the histogram
	pollInterval = time.Second
	readWithin   = 5 * time.Second
	orderEvery   = 150 * time.Millisecond
	invoiceEvery = 100 * time.Millisecond
	clickEvery   = 200 * time.Millisecond
	pointsEvery  = 200 * time.Millisecond
	labelEvery   = 100 * time.Millisecond
	refundEvery  = 500 * time.Millisecond
	clicksKept   = 30 * time.Second // then the broker removes them
	partitions   = 3
)

// Shop is the running shop.
type Shop struct {
	dir      string
	cluster  *kfake.Cluster
	brokers  []string
	store    *store
	producer *kgo.Client
	relay    *relay

	slower    int // factor by which everything takes longer
	warehouse *warehouse
	packing   *packing // nil without a RabbitMQ

	billing, shipping, email, sms, accounting, analytics, loyalty, ledger, redrive *consumer
	printing                                                                       *labelPrinter

	running sync.WaitGroup
	cancel  context.CancelFunc

	mu    sync.Mutex
	idle  bool // the search copy is not updated
	rng   *rand.Rand
	next  int             // number of the next order
	sagas int             // started so far
	fates map[string]fate // by order id: what happens to the order in billing
	fatal map[string]bool // orders that crash the loyalty service
	dying chan struct{}   // receives when the loyalty service tried one
}

// fate is what happens to an order in billing.
type fate struct {
	forget   bool          // billing acknowledges the event and does nothing
	poison   bool          // the event can never be processed
	unpaid   bool          // billing marks it paid and takes no payment
	failures int           // failures before it succeeds
	delay    time.Duration // how long the bank takes
	ahead    time.Duration // by how much billing's clock is ahead
	request  string        // the idempotency key, where another order has the same
}

// Open starts a shop in a temporary folder and on its own loopback ports. Nothing else
// may use rng. If rabbit is nil, nothing of the shop runs on RabbitMQ. Every duration is
// multiplied by slower.
func Open(ctx context.Context, rng *rand.Rand, rabbit *Rabbit, slower int) (shop *Shop, err error) {
	ctx, cancel := context.WithCancel(withPace(ctx, slower))
	s := &Shop{cancel: cancel, slower: slower, rng: rng, next: 1001, fates: map[string]fate{}, fatal: map[string]bool{}, dying: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			_ = s.Close() // report the first error
		}
	}()
	if s.dir, err = os.MkdirTemp("", "lostorder-demo-"); err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	if s.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topicOrders, topicPayments), kfake.SeedTopics(1, topicDeadLetters, topicNotifications, topicInvoices, topicClicks, topicPoints, topicLabels, topicRefunds)); err != nil {
		return nil, fmt.Errorf("start embedded kafka: %w", err)
	}
	s.brokers = s.cluster.ListenAddrs()
	if s.store, err = openStore(filepath.Join(s.dir, "shop.db")); err != nil {
		return nil, err
	}
	if s.producer, err = kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.ProducerLinger(0)); err != nil {
		return nil, fmt.Errorf("connect producer: %w", err)
	}
	if s.warehouse, err = openWarehouse(ctx); err != nil {
		return nil, err
	}
	if rabbit != nil {
		if s.packing, err = openPacking(ctx, rabbit); err != nil {
			return nil, err
		}
	}
	if err := login(); err != nil {
		return nil, fmt.Errorf("set credentials for the embedded SQS: %w", err)
	}
	if err := s.startServices(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Shop) startServices(ctx context.Context) error {
	s.relay = &relay{store: s.store, producer: s.producer}
	s.billing = &consumer{brokers: s.brokers, group: "billing", topic: topicOrders, handle: s.bill}
	s.shipping = &consumer{brokers: s.brokers, group: "shipping", topic: topicPayments, handle: s.ship}
	s.email = &consumer{brokers: s.brokers, group: "email", topic: topicOrders, handle: ignore}
	s.sms = &consumer{brokers: s.brokers, group: "sms", topic: topicNotifications, handle: ignore}
	s.accounting = &consumer{brokers: s.brokers, group: "accounting", topic: topicInvoices, handle: ignore}
	s.analytics = &consumer{brokers: s.brokers, group: "analytics", topic: topicClicks, handle: ignore}
	s.loyalty = &consumer{brokers: s.brokers, group: "loyalty", topic: topicPoints, handle: s.credit}
	s.ledger = &consumer{brokers: s.brokers, group: "ledger", topic: topicRefunds, handle: ignore, committed: true}
	s.printing = newLabelPrinter(s)
	s.redrive = &consumer{brokers: s.brokers, group: "redrive", topic: topicDeadLetters, handle: ignore}

	if err := s.keepFor(ctx, topicClicks, s.pace(clicksKept)); err != nil {
		return err
	}
	// The dead letter queue has a history: two messages that an operator removed.
	for range 2 {
		if err := s.publish(ctx, topicDeadLetters, s.newOrderID(), ""); err != nil {
			return err
		}
	}
	for _, c := range []*consumer{s.billing, s.shipping, s.email, s.sms, s.accounting, s.analytics, s.loyalty, s.ledger, s.printing.consumer} {
		if err := c.join(ctx); err != nil {
			return err
		}
	}
	if err := s.drainDeadLetters(ctx); err != nil {
		return err
	}
	s.stock(ctx, queueReservations)
	s.stock(ctx, queueReturns)
	if s.packing != nil {
		if err := s.pack(ctx); err != nil {
			return err
		}
	}
	refunds, err := s.newRefunder("refunds-1")
	if err != nil {
		return err
	}
	s.running.Go(func() { refunds.run(ctx) })
	s.running.Go(func() { s.relay.run(ctx) })
	s.running.Go(func() { s.index(ctx) })
	s.running.Go(func() { s.sell(ctx) })
	s.running.Go(func() { s.checkOut(ctx) })
	s.running.Go(func() { s.publishEvery(ctx, topicInvoices, invoiceEvery) })
	s.running.Go(func() { s.publishEvery(ctx, topicClicks, clickEvery) })
	s.running.Go(func() { s.publishEvery(ctx, topicPoints, pointsEvery) })
	s.running.Go(func() { s.printing.publish(ctx) })
	return nil
}

// Close stops everything and removes the folder.
func (s *Shop) Close() error {
	s.cancel()
	s.running.Wait()
	consumers := []*consumer{s.billing, s.shipping, s.email, s.sms, s.accounting, s.analytics, s.loyalty, s.ledger, s.redrive}
	if s.printing != nil {
		consumers = append(consumers, s.printing.consumer)
	}
	for _, c := range consumers {
		if c != nil && c.stop != nil {
			c.leave()
		}
	}
	var err error
	if s.producer != nil {
		s.producer.Close()
	}
	if s.store != nil {
		err = s.store.db.Close()
	}
	if s.cluster != nil {
		s.cluster.Close()
	}
	if s.warehouse != nil {
		_ = s.warehouse.server.Close()
	}
	if s.packing != nil {
		err = errors.Join(err, s.packing.close())
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
