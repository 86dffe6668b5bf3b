//go:build integration

package e2e_test

import (
	"net/url"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
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
		b.exchange("leads-nowhere", amqp.ExchangeFanout, nil)
		b.declare("unbound", "quorum", "x-dead-letter-exchange", "leads-nowhere")
		b.declare("log", "stream")
		if _, err := b.channel.QueueDeclare("replies", false, true, true, false, nil); err != nil {
			t.Fatal(err)
		}
		b.declare("kept", "quorum", "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "bin")
		b.declare("excused", "classic")
		names := []string{"without", "to-nowhere", "unbound", "kept", "excused"}
		for _, name := range names {
			b.send(name, "o-1")
			b.work(name, 1, ack(0))
		}
		age := rabbitAge.String()
		p := start(t, b.watch("objectives:", "  - {queues: excused, max_age: "+age+", dlq: none}", "  - {max_age: "+age+"}"))
		var found []api.Finding
		for queue, problem := range map[string]string{
			"without": "no dead letter exchange, by argument or policy", "to-nowhere": "the exchange no-such-exchange does not exist",
			"unbound": "nothing is bound to the exchange leads-nowhere",
		} {
			f := p.find(signal.DLQMissing, b.subject(queue))
			p.says(f, "problem", problem)
			found = append(found, f)
		}
		p.silent(2 * rabbitAge)

		b.exchange("no-such-exchange", amqp.ExchangeFanout, nil)
		b.bind("bin", "no-such-exchange", "")
		b.bind("bin", "leads-nowhere", "")
		b.call("PUT", "/api/policies/"+url.PathEscape(b.vhost)+"/letters",
			`{"pattern": "^without$", "apply-to": "queues", "definition": {"dead-letter-exchange": "leads-nowhere"}}`)
		for _, f := range found {
			p.closes(f)
		}
	})
}
