//go:build integration

package rabbitmq_test

import (
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealMessagesThatOutliveTheirDelayAreOverdue: in a queue of delay whose messages have
// TTLs of their own, one of an hour holds back those of a second. In another one with the same
// delay each message leaves in time.
func TestRealMessagesThatOutliveTheirDelayAreOverdue(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		for _, kind := range []string{"classic", "quorum"} {
			to := amqp.Table{"x-queue-type": kind, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders." + kind}
			b.declare("orders."+kind, amqp.Table{"x-queue-type": kind})
			b.declare("orders."+kind+".retry.4s", to)
			b.declare("steady."+kind+".retry.4s", to)
		}
		later := func(queue, ttl string) {
			t.Helper()
			if err := b.channel.PublishWithContext(t.Context(), "", queue, false, false, amqp.Publishing{Expiration: ttl, Body: []byte("order")}); err != nil {
				t.Fatal(err)
			}
		}
		for _, kind := range []string{"classic", "quorum"} {
			later("orders."+kind+".retry.4s", "3600000")
			later("orders."+kind+".retry.4s", "1000")
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		detector := detect.New()
		overdue := map[string]int64{}
		for deadline := time.Now().Add(time.Minute); (len(overdue) < 2 || time.Until(deadline) > 35*time.Second) && time.Now().Before(deadline); time.Sleep(time.Second) {
			for _, kind := range []string{"classic", "quorum"} {
				later("steady."+kind+".retry.4s", "1000") // some are always in it
			}
			r := b.await(reader, func(signal.Report) bool { return true })
			r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, time.Now(), time.Second
			for _, c := range detector.Observe(&r) {
				if f := c.Finding; c.Kind == detect.Opened && f.Mode == signal.MessageOverdue {
					overdue[strings.TrimPrefix(f.Subject.Destination, b.name(""))] = f.Count
				}
			}
		}
		if overdue["orders.classic.retry.4s"] != 2 || overdue["orders.quorum.retry.4s"] != 2 || len(overdue) != 2 {
			t.Errorf("overdue: %v, want the two queues with two messages each", overdue)
		}
	})
}
