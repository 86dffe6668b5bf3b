//go:build integration

package e2e_test

import (
	"strings"
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
		p.silent(rabbitAge) // the dead letter queue is empty and has no consumer

		b.send("orders", "o-bad", "o-3", "o-bad")
		f := p.find(signal.DLQFilling, b.subject("the-bin"))
		p.counts(f, 2)
		if now := p.byID(f.ID); now.Severity != signal.Critical || evidence(now, "source") != b.name("orders") {
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
		b.exchange("another-key", amqp.ExchangeDirect, nil)
		b.bind("bin", "another-key", "paid")
		b.declare("no-binding", "classic", "x-dead-letter-exchange", "another-key", "x-dead-letter-routing-key", "placed")
		b.declare("drops-its-head", "classic", "x-max-length", 1000)
		b.declare("expires", "quorum", "x-message-ttl", 600_000)
		b.declare("limited", "quorum", "x-delivery-limit", 5)
		kept := []any{"x-dead-letter-exchange", "", "x-dead-letter-routing-key", "bin"}
		b.declare("asks-in-vain", "quorum", append([]any{"x-dead-letter-strategy", "at-least-once"}, kept...)...)
		b.declare("small-bin", "classic")
		b.declare("into-a-small-bin", "quorum", "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "small-bin")
		b.policy("small", "^small-bin$", `{"max-length": 1, "overflow": "reject-publish"}`)
		b.declare("kept", "quorum", kept...)
		b.declare("at-least-once", "quorum", append([]any{"x-dead-letter-strategy", "at-least-once", "x-overflow", "reject-publish"}, kept...)...)
		b.declare("excused", "classic")
		names := []string{"without", "to-nowhere", "unbound", "no-binding", "drops-its-head", "expires", "limited", "asks-in-vain", "into-a-small-bin", "kept", "at-least-once", "excused"}
		for _, name := range names {
			b.send(name, "o-1")
			b.work(name, 1, ack(0))
		}
		age := rabbitAge.String()
		p := start(t, b.watch("objectives:", "  - {queues: excused, max_age: "+age+", dlq: none}", "  - {max_age: "+age+"}"))
		var found []api.Finding
		const none = "no dead letter exchange, by argument or policy"
		for queue, says := range map[string]struct{ problem, fate string }{
			"without":          {none, ""},
			"drops-its-head":   {none, "dropped when the queue is full"},
			"expires":          {none, "dropped when it is 10m0s old"},
			"limited":          {none, "dropped after 5 deliveries"},
			"to-nowhere":       {"the exchange no-such-exchange does not exist", ""},
			"unbound":          {"nothing is bound to the exchange leads-nowhere", ""},
			"no-binding":       {`no binding of the exchange another-key takes the routing key "placed"`, ""},
			"asks-in-vain":     {"dead-letter-strategy at-least-once is set and not in effect: it needs overflow reject-publish", "dropped on its way"},
			"into-a-small-bin": {"dead letters are sent at most once, and " + b.name("small-bin") + " rejects them when it is full (overflow reject-publish)", "dropped on its way"},
		} {
			f := p.find(signal.DLQMissing, b.subject(queue))
			p.says(f, "problem", says.problem)
			if got := evidence(f, "failing_message"); !strings.Contains(got, says.fate) || says.fate != "" && f.Severity != signal.Warning {
				t.Errorf("got %s", inJSON(f))
			}
			found = append(found, f)
		}
		p.silent(2 * rabbitAge)

		b.exchange("no-such-exchange", amqp.ExchangeFanout, nil)
		b.bind("bin", "no-such-exchange", "")
		b.bind("bin", "leads-nowhere", "")
		b.bind("bin", "another-key", "placed")
		b.policy("letters", "^(without|drops-its-head|expires|limited)$", `{"dead-letter-exchange": "leads-nowhere"}`)
		b.policy("strategy", "^asks-in-vain$", `{"overflow": "reject-publish"}`)
		b.policy("small", "^small-bin$", `{"max-length": 100000}`)
		for _, f := range found {
			p.closes(f)
		}
	})
}
