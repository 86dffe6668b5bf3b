package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/internal/signal"
)

// The queues of the packing room, behind the prefix of the run. Both have the
// same dead letter queue.
const (
	queueGifts       = "gifts"
	queueLabels      = "labels"
	queueUnpacked    = "dead-letters"
	exchangeUnpacked = "dead-letters"
)

// What lostorder knows of RabbitMQ is late: queues tell the broker what they count
// every five seconds, and lostorder counts consumers every fourth reading. A deploy may
// look that much longer than it was.
const (
	rabbitLate   = 5*time.Second + 4*pollInterval
	rabbitAbsent = rabbitLate + 3*time.Second
	rabbitMaxAge = 30 * time.Second
)

// packing is the services on RabbitMQ: one wraps gifts, one prints labels. The broker
// is somebody's: names begin with a prefix that no other run has, and nothing stays.
type packing struct {
	rabbit     *Rabbit
	prefix     string
	connection *amqp.Connection

	publishing sync.Mutex
	publisher  *amqp.Channel

	gifts, labels *packer
}

// openPacking makes the queues of the packing room on a real broker.
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
		_ = p.close() // the first error is the one to tell
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

// close removes what was made, on a connection of its own: the other may be broken.
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

// config is the part of the configuration by which lostorder watches the packing room.
func (p *packing) config(pace func(time.Duration) time.Duration) string {
	literal := strings.NewReplacer("${", "$${").Replace
	r := p.rabbit
	text := fmt.Sprintf(`rabbitmq:
  - name: shop
    url: %q
    username: %q
    password: %q
    vhosts: {include: [%q]}
    queues: {include: [%q]}
    objectives:
      - {max_age: %s, absent_after: %s}
    interval: %s
    timeout: %s
`, r.management, literal(r.user), literal(r.password), literal(regexp.QuoteMeta(r.vhost())), regexp.QuoteMeta(p.prefix)+".*",
		pace(rabbitMaxAge), pace(rabbitAbsent), pace(pollInterval), pace(readWithin))
	if r.prometheus != "" {
		text += fmt.Sprintf("    prometheus_url: %q\n", r.prometheus)
	}
	return text
}

func (p *packing) send(ctx context.Context, name, orderID string) error {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	return p.publisher.PublishWithContext(ctx, "", p.prefix+name, false, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: orderID, Body: []byte("{}"),
	})
}

// subject is a queue as lostorder calls it.
func (p *packing) subject(name string) signal.Subject {
	name = p.prefix + name
	if vhost := p.rabbit.vhost(); vhost != "/" {
		name = vhost + "/" + name
	}
	return signal.Subject{System: signal.RabbitMQ, Cluster: "shop", Destination: name}
}

// clear is the operator who takes the dead letters out again.
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
	channel    *amqp.Channel // nil while it is away
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

// leave ends the service; what it holds goes back to the queue. The channel is closed
// last: an acknowledgement that comes after that ends the whole connection.
func (k *packer) leave() {
	k.leaving.Store(true)
	_ = k.channel.Cancel(k.queue, false)
	<-k.ended
	_ = k.channel.Close()
}
