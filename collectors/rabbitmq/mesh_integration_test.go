//go:build integration

package rabbitmq_test

import (
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealMeshOfExchangesIsFollowedWithBoundedWork binds thirteen fanout exchanges to each
// other, as any user may who has rights on one prefix.
func TestRealMeshOfExchangesIsFollowedWithBoundedWork(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("failed", nil)
		b.declare("orders", amqp.Table{"x-dead-letter-exchange": "mesh-0"})
		const exchanges = 13
		for i := range exchanges {
			if err := b.channel.ExchangeDeclare(fmt.Sprint("mesh-", i), "fanout", true, false, false, false, nil); err != nil {
				t.Fatal(err)
			}
		}
		for i := range exchanges {
			for j := range exchanges {
				if err := b.channel.ExchangeBind(fmt.Sprint("mesh-", j), "", fmt.Sprint("mesh-", i), false, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := b.channel.QueueBind("failed", "", "mesh-12", false, nil); err != nil {
			t.Fatal(err)
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		r := b.await(reader, func(r signal.Report) bool { return len(r.Queues) == 2 && len(r.DeadLetters) == 1 })
		if d := r.DeadLetters[0]; d.Destination != b.name("failed") || d.Sources[0] != b.name("orders") {
			t.Errorf("got %+v", d)
		}
		if steps := rabbitmq.RouteSteps(reader); steps > 3*exchanges*(exchanges+1)+200 {
			t.Errorf("took %d steps", steps)
		}
	})
}
