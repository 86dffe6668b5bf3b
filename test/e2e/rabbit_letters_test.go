//go:build integration

package e2e_test

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealRabbitDeadLetterQueueFills(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		b.declare("the-bin", "quorum")
		b.declare("orders", "classic", "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "the-bin")
		refuses := b.work("orders", 1, func(d amqp.Delivery) error {
			if d.MessageId == "o-bad" {
				return d.Reject(false)
			}
			return d.Ack(false)
		})
		p := start(t, b.watchQueues())
		b.send("orders", "o-1", "o-2")
		p.silent(rabbitAge) // the queue for dead letters is empty, and nobody reads it

		b.send("orders", "o-bad", "o-3", "o-bad")
		f := p.find(signal.DLQFilling, b.subject("the-bin"))
		p.counts(f, 2)
		if now := p.byID(f.ID); now.Severity != signal.Critical || evidence(now, "source") != b.vhost+"/orders" {
			t.Errorf("got %s", inJSON(now))
		}
		p.silent(rabbitAge) // no word of a consumer that is absent there

		operator := b.work("the-bin", 10, ack(0))
		p.closes(f)
		operator.stop()
		refuses.stop()
		p.silent(rabbitAge)
	})
}

func TestRealRabbitDeadLetterQueueIsMissing(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		b.declare("bin", "classic")
		b.declare("without", "quorum")
		b.declare("to-nowhere", "classic", "x-dead-letter-exchange", "no-such-exchange")
		b.declare("kept", "quorum", "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "bin")
		b.declare("excused", "classic")
		names := []string{"without", "to-nowhere", "kept", "excused"}
		for _, name := range names {
			b.send(name, "o-1")
			b.work(name, 1, ack(0))
		}
		age := rabbitAge.String()
		p := start(t, b.watch("objectives:", "  - {queues: excused, max_age: "+age+", dlq: none}", "  - {max_age: "+age+"}"))
		for queue, problem := range map[string]string{
			"without": "no dead letter exchange, by argument or policy", "to-nowhere": "the exchange no-such-exchange does not exist",
		} {
			p.says(p.find(signal.DLQMissing, b.subject(queue)), "problem", problem)
		}
		p.silent(2 * rabbitAge)
	})
}
