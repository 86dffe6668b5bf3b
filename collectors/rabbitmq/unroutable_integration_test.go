//go:build integration

package rabbitmq_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealRemovedBindingIsNamed: messages are published to an exchange that lost a binding.
func TestRealRemovedBindingIsNamed(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("mail", nil)
		if err := b.channel.ExchangeDeclare("shop", "topic", true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.channel.QueueBind("mail", "order.paid", "shop", false, nil); err != nil {
			t.Fatal(err)
		}
		b.publish("shop", "order.paid", 1)
		c := b.config()
		c.Interval = 1_000_000_000
		reader := rabbitmq.NewReader(c)
		defer func() { _ = reader.Close() }()
		from := func(r signal.Report) string {
			for _, l := range r.Losses {
				if l.Reason == "unroutable_dropped" {
					return l.From
				}
			}
			return ""
		}
		b.await(reader, func(r signal.Report) bool {
			q := queueOf(r, b.name("mail"))
			return q != nil && q.Ready == 1 && q.Setup != nil && len(r.Losses) > 0
		})
		if err := b.channel.QueueUnbind("mail", "order.paid", "shop", nil); err != nil {
			t.Fatal(err)
		}
		b.publish("shop", "order.paid", 7)
		// Only newer brokers count unroutable messages for each exchange.
		counted := !strings.Contains(t.Name(), "RABBITMQ310")
		got := from(b.await(reader, func(r signal.Report) bool {
			return strings.Contains(from(r), "was removed") && (!counted || strings.Contains(from(r), "7 messages published to exchange "+b.name("shop")))
		}))
		if !strings.Contains(got, `the binding of exchange `+b.name("shop")+` to queue `+b.name("mail")+` with routing key "order.paid" was removed`) {
			t.Errorf("got %q", got)
		}
	})
}
