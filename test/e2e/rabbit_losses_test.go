//go:build integration

package e2e_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/internal/signal"
)

// Tests that lose messages run alone on a node. The node counts losses for all its queues
// together, so every lostorder that watches it reports them.

// TestRealRabbitDroppedMessagesAreLost: the finding names the queue that dropped
// them, although an operator purges another queue at the same time.
func TestRealRabbitDroppedMessagesAreLost(t *testing.T) {
	eachRabbitAlone(t, func(t *testing.T, b *rabbit) {
		b.declare("too-old", "classic", "x-message-ttl", 2000)
		b.declare("too-many", "classic", "x-max-length", 3)
		b.declare("purged", "classic")
		p := start(t, b.watch(within(time.Hour)))
		p.lenient = true // message_expiring opens too
		p.cycles(12)
		b.send("too-old", orders(5)...)
		b.send("too-many", orders(7)...)
		b.send("purged", orders(9)...)
		p.cycles(2)
		if _, err := b.channel.QueuePurge("purged", false); err != nil {
			t.Fatal(err)
		}
		for queue, reason := range map[string]string{"too-old": "expired (5)", "too-many": "maxlen (4)"} {
			f := p.find(signal.MessageLost, b.subject(queue))
			eventually(t, "it says how many and why", func() (bool, string) {
				f = p.byID(f.ID)
				return evidence(f, "reason") == reason, inJSON(f)
			})
		}
		p.cycles(12)
		for _, f := range p.findings() {
			if f.Mode == signal.MessageLost && !p.expected[f.ID] {
				t.Errorf("false finding: %s", inJSON(f))
			}
		}
	})
}

// refuse is a consumer that rejects everything.
func refuse(d amqp.Delivery) error { return d.Reject(false) }

// putBack is a consumer that requeues messages in the way that the broker counts.
func putBack(d amqp.Delivery) error { return d.Reject(true) }

// TestRealRabbitRejectedMessagesWithoutADeadLetterExchangeAreLost: a consumer
// rejects them, or a quorum queue reaches its delivery limit, without a dead letter
// exchange. With a dead letter exchange nothing is lost.
func TestRealRabbitRejectedMessagesWithoutADeadLetterExchangeAreLost(t *testing.T) {
	eachRabbitAlone(t, func(t *testing.T, b *rabbit) {
		b.declare("bin", "classic")
		kept := []any{"x-dead-letter-exchange", "", "x-dead-letter-routing-key", "bin"}
		b.declare("refused", "classic")
		b.declare("refused-quorum", "quorum")
		b.declare("refused-and-kept", "quorum", kept...)
		b.declare("limited", "quorum", "x-delivery-limit", 2)
		b.declare("limited-and-kept", "quorum", append([]any{"x-delivery-limit", 2}, kept...)...)
		for _, name := range []string{"refused", "refused-quorum", "refused-and-kept"} {
			b.work(name, 10, refuse)
		}
		b.work("limited", 10, putBack)
		b.work("limited-and-kept", 10, putBack)
		p := start(t, b.watch(within(time.Hour)))
		p.cycles(12)
		b.send("refused-and-kept", orders(3)...)
		b.send("limited-and-kept", orders(4)...)
		p.counts(p.find(signal.DLQFilling, b.subject("bin")), 7)
		p.silent(2 * rabbitAge)
		// One after the other: with simultaneous losses the queue is unknown.
		for _, lost := range []struct {
			queue, reason string
			n             int
		}{{"refused", "rejected", 6}, {"refused-quorum", "rejected", 5}, {"limited", "delivery_limit", 4}} {
			b.send(lost.queue, orders(lost.n)...)
			f := p.find(signal.MessageLost, b.subject(lost.queue))
			p.counts(f, int64(lost.n))
			p.says(p.byID(f.ID), "reason", fmt.Sprintf("%s (%d)", lost.reason, lost.n))
		}
		p.silent(rabbitAge)
	})
}

// TestRealRabbitUnroutableMessagesAreLost: dropped, or returned to a publisher that
// set mandatory. Routed mandatory messages, and messages taken by an alternate exchange,
// are not lost.
func TestRealRabbitUnroutableMessagesAreLost(t *testing.T) {
	eachRabbitAlone(t, func(t *testing.T, b *rabbit) {
		b.declare("orders", "classic")
		b.exchange("rest", amqp.ExchangeFanout, nil)
		b.exchange("unbound", amqp.ExchangeDirect, nil)
		b.exchange("with-an-alternate", amqp.ExchangeDirect, amqp.Table{"alternate-exchange": "rest"})
		b.bind("orders", "rest", "")
		p := start(t, b.watch(within(time.Hour)))
		p.cycles(12)
		b.publish("", "orders", true, orders(2)...)
		b.publish("with-an-alternate", "nobody", false, orders(3)...)
		b.publish("with-an-alternate", "nobody", true, orders(4)...)
		b.shows("orders", `"messages_ready":9`)
		p.silent(rabbitAge)

		b.publish("unbound", "orders", true, orders(3)...)
		f := p.find(signal.MessageLost, signal.Subject{System: signal.RabbitMQ, Cluster: "main"})
		p.counts(f, 3)
		f = p.byID(f.ID)
		p.says(f, "reason", "unroutable_returned (3)")
		if f.Severity != signal.Warning || evidence(f, "returned") == "" {
			t.Errorf("got %s", inJSON(f))
		}
		b.publish("unbound", "orders", false, orders(4)...)
		p.counts(f, 7)
		f = p.byID(f.ID)
		p.says(f, "reason", "unroutable_dropped (4), unroutable_returned (3)")
		if f.Severity != signal.Critical {
			t.Errorf("got %s", inJSON(f))
		}
		p.silent(rabbitAge)
	})
}

// TestRealRabbitDeadLetteredOrPurgedMessagesAreNotLost covers dead-lettering, a purge by an
// operator, and beside them a deletion, which does lose messages.
func TestRealRabbitDeadLetteredOrPurgedMessagesAreNotLost(t *testing.T) {
	eachRabbitAlone(t, func(t *testing.T, b *rabbit) {
		b.declare("bin", "classic")
		kept := []any{"x-dead-letter-exchange", "", "x-dead-letter-routing-key", "bin"}
		b.declare("too-many", "classic", append([]any{"x-max-length", 2}, kept...)...)
		b.declare("too-old", "quorum", append([]any{"x-message-ttl", 1000}, kept...)...)
		b.declare("purged", "quorum", "x-max-length", 1000)
		b.declare("deleted", "classic", "x-message-ttl", 600_000)
		b.send("purged", orders(50)...)
		b.send("deleted", orders(50)...)
		b.shows("purged", `"messages_ready":50`)
		p := start(t, b.watch(within(time.Minute)))
		p.cycles(12)
		b.send("too-many", orders(6)...)
		b.send("too-old", orders(6)...)
		if _, err := b.channel.QueuePurge("purged", false); err != nil {
			t.Fatal(err)
		}
		b.call("DELETE", "/api/queues/"+url.PathEscape(b.vhost)+"/deleted", "")
		f := p.find(signal.DLQFilling, b.subject("bin"))
		p.counts(f, 10)
		deleted := p.find(signal.MessageLost, b.subject("deleted"))
		p.counts(deleted, 50)
		p.says(deleted, "reason", "queue_deleted")
		p.silent(2 * rabbitAge)
	})
}
