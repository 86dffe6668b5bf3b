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
)

// What the shop promises itself. The config for lostorder says the same. They are
// seconds where a real shop has minutes, so that a demo is over in one.
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
	countAgain   = 5 * time.Second // the histogram of orders
	pollInterval = time.Second
	readWithin   = 5 * time.Second
	orderEvery   = 150 * time.Millisecond
	invoiceEvery = 100 * time.Millisecond
	clickEvery   = 200 * time.Millisecond
	pointsEvery  = 200 * time.Millisecond
	clicksKept   = 30 * time.Second // and then the broker removes them
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

	slower    int // how many times as long as it says everything takes
	warehouse *warehouse
	packing   *packing // nil without a RabbitMQ

	billing, shipping, email, sms, accounting, analytics, loyalty, redrive *consumer

	running sync.WaitGroup
	cancel  context.CancelFunc

	mu    sync.Mutex
	idle  bool // the search is not brought up to date
	rng   *rand.Rand
	next  int             // number of the next order
	sagas int             // that were begun
	fates map[string]fate // what befalls an order in billing
	fatal map[string]bool // orders of which loyalty dies
	dying chan struct{}   // it has just tried one
}

// fate is what befalls an order in billing.
type fate struct {
	forget   bool          // billing acknowledges the event and does nothing
	poison   bool          // the event can never be processed
	unpaid   bool          // billing says that it is paid and takes no payment
	failures int           // how often it fails before it succeeds
	delay    time.Duration // how long the bank takes
	ahead    time.Duration // how far ahead billing's clock is
	request  string        // the idempotency key, where another order has it, too
}

// Open starts a shop in a temporary folder and on loopback ports of its own. rng is
// the shop's alone. rabbit may be nil, and then nothing of the shop runs on RabbitMQ.
// Everything in it takes slower times as long as it says.
func Open(ctx context.Context, rng *rand.Rand, rabbit *Rabbit, slower int) (shop *Shop, err error) {
	ctx, cancel := context.WithCancel(withPace(ctx, slower))
	s := &Shop{cancel: cancel, slower: slower, rng: rng, next: 1001, fates: map[string]fate{}, fatal: map[string]bool{}, dying: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			_ = s.Close() // the first error is the one to tell
		}
	}()
	if s.dir, err = os.MkdirTemp("", "lostorder-demo-"); err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	if s.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topicOrders, topicPayments), kfake.SeedTopics(1, topicDeadLetters, topicNotifications, topicInvoices, topicClicks, topicPoints)); err != nil {
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
	s.redrive = &consumer{brokers: s.brokers, group: "redrive", topic: topicDeadLetters, handle: ignore}

	if err := s.keepFor(ctx, topicClicks, s.pace(clicksKept)); err != nil {
		return err
	}
	// The dead letter queue has a past: two messages that an operator took out again.
	for range 2 {
		if err := s.publish(ctx, topicDeadLetters, s.newOrderID(), ""); err != nil {
			return err
		}
	}
	for _, c := range []*consumer{s.billing, s.shipping, s.email, s.sms, s.accounting, s.analytics, s.loyalty} {
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
	s.running.Go(func() { s.relay.run(ctx) })
	s.running.Go(func() { s.index(ctx) })
	s.running.Go(func() { s.sell(ctx) })
	s.running.Go(func() { s.checkOut(ctx) })
	s.running.Go(func() { s.trickle(ctx, topicInvoices, invoiceEvery) })
	s.running.Go(func() { s.trickle(ctx, topicClicks, clickEvery) })
	s.running.Go(func() { s.trickle(ctx, topicPoints, pointsEvery) })
	return nil
}

// Close stops everything and removes the folder.
func (s *Shop) Close() error {
	s.cancel()
	s.running.Wait()
	for _, c := range []*consumer{s.billing, s.shipping, s.email, s.sms, s.accounting, s.analytics, s.loyalty, s.redrive} {
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

// Config is the configuration by which lostorder watches the shop: as somebody who
// runs it would write it.
func (s *Shop) Config() string {
	var packing string
	if s.packing != nil {
		packing = s.packing.config(s.pace)
	}
	return packing + s.warehouse.config(s.pace) + fmt.Sprintf(`kafka:
  - name: shop
    brokers: [%[2]q]
    order_id: key
    objectives:
      - {topics: [notifications], max_age: %[13]s}
      - {topics: [clicks], max_age: %[14]s}
      - {max_age: %[3]s, absent_after: %[4]s}
    interval: %[1]s
    timeout: %[12]s
databases:
  - name: shop
    url: %[5]q
outboxes:
  - name: orders
    database: shop
    table: outbox
    columns: {published_at: published_at, order_id: order_id, traceparent: traceparent}
    max_age: %[6]s
    interval: %[1]s
    timeout: %[12]s
lifecycles:
  - name: order
    source: {database: shop, table: orders, columns: {order_id: id, state: state, since: state_since, traceparent: traceparent}}
    history: {table: order_moves, columns: {at: at, traceparent: traceparent}, where: void = 0, late: %[12]s}
    duplicates: {key: request, except: cancelled, interval: %[1]s}
    histogram: {interval: %[15]s}
    states:
      placed: {max: %[7]s, next: [paid, cancelled, payment_failed]}
      paid: {max: %[8]s, next: [shipped], excludes: cancelled}
      shipped: {terminal: true}
      cancelled: {terminal: true, abandoned: true}
      payment_failed: {terminal: true, abandoned: true}
    interval: %[1]s
    timeout: %[12]s
  - name: checkout
    kind: saga
    source: {database: shop, table: sagas, columns: {state: step, since: step_since}}
    history: {table: saga_moves, columns: {at: at}, where: void = 0, late: %[12]s}
    states:
      reserving: {max: %[10]s, next: [charging, aborted]}
      charging: {max: %[10]s, next: [done, releasing]}
      releasing: {max: %[10]s, next: [aborted], compensates: reserving}
      done: {terminal: true}
      aborted: {terminal: true, abandoned: true}
    interval: %[1]s
    timeout: %[12]s
reconciliations:
  - name: payments
    left: {database: shop, table: orders, columns: {key: id, at: state_since}, where: "state IN ('paid', 'shipped')"}
    right: {database: shop, table: payments, columns: {key: order_id}}
    expect: exactly_one
    grace: %[9]s
    interval: %[1]s
    timeout: %[12]s
  - name: shipments
    left: {database: shop, table: orders, columns: {key: id, at: state_since}, where: state = 'shipped'}
    right: {database: shop, table: shipments, columns: {key: order_id}}
    expect: exactly_one
    grace: %[9]s
    interval: %[1]s
    timeout: %[12]s
  - name: search
    left: {database: shop, table: orders, columns: {key: id, at: state_since, values: state}}
    right: {database: shop, table: search, columns: {key: order_id, at: updated_at, values: state}}
    expect: equal
    grace: %[9]s
    interval: %[1]s
    timeout: %[12]s
  - name: events
    kind: event
    left: {database: shop, table: orders, columns: {key: id, traceparent: traceparent}}
    right: {database: shop, table: outbox, columns: {key: order_id, traceparent: traceparent}}
    expect: at_least_one
    within: %[11]s
    grace: %[9]s
    interval: %[1]s
    timeout: %[12]s
`, s.pace(pollInterval), s.brokers[0], s.pace(queueMaxAge), s.pace(absentAfter),
		"sqlite://"+filepath.Join(s.dir, "shop.db"), s.pace(outboxMaxAge), s.pace(placedMax), s.pace(paidMax), s.pace(matchGrace),
		s.pace(stepMax), s.pace(eventsWithin), s.pace(readWithin), s.pace(notifyWithin), s.pace(2*clicksKept), s.pace(countAgain))
}
