//go:build integration

package rabbitmq_test

import (
	"slices"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealSampleReportsReasonsAndRemovesNothing: what was looked at is still there, in its
// order, and marked as redelivered, as the README says.
func TestRealSampleReportsReasonsAndRemovesNothing(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		for _, kind := range []string{"classic", "quorum"} {
			bin, orders := "the-bin-"+kind, "orders-"+kind
			b.declare(bin, amqp.Table{"x-queue-type": kind})
			b.declare(orders, amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": bin})
			for _, id := range []string{"o-1", "o-2", "o-3"} {
				if err := b.channel.PublishWithContext(t.Context(), "", orders, false, false, amqp.Publishing{MessageId: id, Body: []byte("secret")}); err != nil {
					t.Fatal(err)
				}
			}
			for _, d := range b.take(orders, 3) {
				if err := d.Reject(false); err != nil {
					t.Fatal(err)
				}
			}
			b.publish("", bin, 1) // no dead letter, and without any property
		}
		reader := rabbitmq.NewReader(b.settings([]string{b.management}, []string{b.prometheus}, "peek: true", "order_id: message_id", "queues: {include: '.*'}"))
		defer func() { _ = reader.Close() }()
		for _, kind := range []string{"classic", "quorum"} {
			find := func(r signal.Report) *signal.DeadLetterQueue {
				i := slices.IndexFunc(r.DeadLetters, func(d signal.DeadLetterQueue) bool { return d.Destination == b.name("the-bin-"+kind) })
				if i < 0 {
					return nil
				}
				return &r.DeadLetters[i]
			}
			r := b.await(reader, func(r signal.Report) bool {
				d := find(r)
				return d != nil && d.Messages == 4 && len(d.Sample) == 3
			})
			if d := find(r); !slices.Equal(d.Reasons, []string{"3 rejected from " + b.name("orders-"+kind)}) || !d.Sample[0].Since.Known() {
				t.Errorf("got %+v", d)
			}
			var left []string
			for range 4 {
				d, ok, err := b.channel.Get("the-bin-"+kind, true)
				if err != nil || !ok || !d.Redelivered {
					t.Errorf("%s: got %v %v, redelivered %v", kind, ok, err, d.Redelivered)
				}
				if d.MessageId != "" {
					left = append(left, d.MessageId)
				}
			}
			if !slices.Equal(left, []string{"o-1", "o-2", "o-3"}) {
				t.Errorf("%s: left were %q", kind, left)
			}
		}
	})
}
