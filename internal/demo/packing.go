package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/internal/signal"
)

// The queues of the packing room, without the prefix of the run. Both have the same dead
// letter queue.
const (
	queueGifts       = "gifts"
	queueLabels      = "labels"
	queueUnpacked    = "dead-letters"
	exchangeUnpacked = "dead-letters"
)

// RabbitMQ's figures are late: queues emit statistics every five seconds, and lostorder
// counts consumers in every fourth reading. A deploy may seem longer by that much.
const (
	rabbitLate   = 5*time.Second + 4*pollInterval
	rabbitAbsent = rabbitLate + 3*time.Second
	rabbitMaxAge = 30 * time.Second
)

// packing is the services on RabbitMQ: one wraps gifts, one prints labels. The broker
// belongs to the user: names have a prefix unique to this run, and close removes everything.
type packing struct {
	rabbit     *Rabbit
	prefix     string
	connection *amqp.Connection

	publishing sync.Mutex
	publisher  *amqp.Channel

	gifts, labels *packer
}

// openPacking declares the queues of the packing room on a real broker.
func openPacking(ctx context.Context, r *Rabbit) (*packing, error) {
	if err := r.ask(ctx); err != nil {
		return nil, err
	}
	connection, err := r.dial()
	if err != nil {
		return nil, err
	}
	p := &packing{rabbit: r, prefix: "lostorder-demo-" + strings.ToLower(rand.Text()[:8]) + ".", connection: connection}
	if err := p.declare(); err != nil {
		_ = p.close() // report the first error
		return nil, fmt.Errorf("make the queues of the demo on RabbitMQ: %w", err)
	}
	return p, nil
}

func (p *packing) declare() (err error) {
	if p.publisher, err = p.connection.Channel(); err != nil {
		return err
	}
	if err := p.publisher.ExchangeDeclare(p.prefix+exchangeUnpacked, amqp.ExchangeFanout, true, false, false, false, nil); err != nil {
		return err
	}
	dead := amqp.Table{"x-dead-letter-exchange": p.prefix + exchangeUnpacked}
	for name, arguments := range map[string]amqp.Table{queueUnpacked: nil, queueGifts: dead, queueLabels: dead} {
		if _, err := p.publisher.QueueDeclare(p.prefix+name, true, false, false, false, arguments); err != nil {
			return err
		}
	}
	return p.publisher.QueueBind(p.prefix+queueUnpacked, "", p.prefix+exchangeUnpacked, false, nil)
}

// close removes everything it declared, on a new connection: the other may be broken.
func (p *packing) close() error {
	_ = p.connection.Close()
	err := func() error {
		connection, err := p.rabbit.dial()
		if err != nil {
			return err
		}
		defer func() { _ = connection.Close() }()
		channel, err := connection.Channel()
		if err != nil {
			return err
		}
		var errs []error
		for _, name := range []string{queueGifts, queueLabels, queueUnpacked} {
			_, err := channel.QueueDelete(p.prefix+name, false, false, false)
			errs = append(errs, err)
		}
		return errors.Join(append(errs, channel.ExchangeDelete(p.prefix+exchangeUnpacked, false, false))...)
	}()
	if err != nil {
		return fmt.Errorf("remove the queues %s* and the exchange of that name from RabbitMQ: %w", p.prefix, err)
	}
	return nil
}

func (p *packing) send(ctx context.Context, name, orderID string) error {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	return p.publisher.PublishWithContext(ctx, "", p.prefix+name, false, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: orderID, Body: []byte("{}"),
	})
}

// subject returns a queue as lostorder names it.
func (p *packing) subject(name string) signal.Subject {
	name = p.prefix + name
	if vhost := p.rabbit.vhost(); vhost != "/" {
		name = signal.EscapeSlashes(vhost) + "/" + name
	}
	return signal.Subject{System: signal.RabbitMQ, Cluster: "shop", Destination: name}
}

// clear removes the dead letters, as an operator does.
func (p *packing) clear() error {
	channel, err := p.connection.Channel()
	if err != nil {
		return err
	}
	defer func() { _ = channel.Close() }()
	for {
		_, more, err := channel.Get(p.prefix+queueUnpacked, true)
		if err != nil || !more {
			return err
		}
	}
}

// packer is a service behind a queue.
type packer struct {
	connection *amqp.Connection
	queue      string
	pack       func(amqp.Delivery) error
	channel    *amqp.Channel // nil while it is stopped
	leaving    atomic.Bool
	ended      chan struct{}
}

func (k *packer) join() error {
	channel, err := k.connection.Channel()
	if err != nil {
		return fmt.Errorf("read %s: %w", k.queue, err)
	}
	deliveries, err := channel.Consume(k.queue, k.queue, false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", k.queue, err)
	}
	k.channel, k.ended = channel, make(chan struct{})
	k.leaving.Store(false)
	go func() {
		defer close(k.ended)
		for d := range deliveries {
			if !k.leaving.Load() && k.pack(d) != nil {
				return // the channel was closed
			}
		}
	}()
	return nil
}

// leave stops the service. Its unacknowledged messages return to the queue. The channel is
// closed last: an acknowledgement on a closed channel closes the whole connection.
func (k *packer) leave() {
	k.leaving.Store(true)
	_ = k.channel.Cancel(k.queue, false)
	<-k.ended
	_ = k.channel.Close()
}
