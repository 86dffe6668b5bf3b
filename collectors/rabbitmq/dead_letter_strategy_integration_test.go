//go:build integration

package rabbitmq_test

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealDeadLetterQueueThatRejectsIsReported: each route that drops messages is reported,
// and the broker does drop them. The route that keeps them is not reported.
func TestRealDeadLetterQueueThatRejectsIsReported(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		ways := map[string]struct {
			source amqp.Table
			leaks  bool
		}{
			"classic": {amqp.Table{}, true},
			"quorum":  {amqp.Table{"x-queue-type": "quorum"}, true},
			// Without the overflow that it takes, what is asked for is not done.
			"asked":    {amqp.Table{"x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once"}, true},
			"at-least": {amqp.Table{"x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}, false},
		}
		for name, way := range ways {
			b.declare("graves-"+name, amqp.Table{"x-max-length": 1, "x-overflow": "reject-publish"})
			way.source["x-dead-letter-exchange"], way.source["x-dead-letter-routing-key"], way.source["x-message-ttl"] = "", "graves-"+name, 300
			b.declare(name, way.source)
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		r := b.await(reader, func(r signal.Report) bool {
			q := queueOf(r, b.name("at-least"))
			return len(r.Queues) == 2*len(ways) && q != nil && q.Setup != nil
		})
		for name, way := range ways {
			if d := queueOf(r, b.name(name)).Setup.DeadLettering; d.Route != signal.RouteSet || (d.Leak != "") != way.leaks || d.AtMostOnce != (name == "quorum" || name == "asked") {
				t.Errorf("%s: %+v", name, d)
			}
			if way.leaks {
				b.publish("", name, 5)
			}
		}
		for name, way := range ways {
			for deadline := time.Now().Add(30 * time.Second); way.leaks; time.Sleep(50 * time.Millisecond) {
				waiting, dead := b.depth(name), b.depth("graves-"+name)
				if waiting == 0 && dead == 1 {
					break // and four are nowhere
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s: %d of 5 wait, %d are dead letters", name, waiting, dead)
				}
			}
		}
	})
}

// depth is how many messages are ready in a queue, as the queue itself says.
func (b *broker) depth(queue string) int {
	b.t.Helper()
	q, err := b.channel.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return q.Messages
}
