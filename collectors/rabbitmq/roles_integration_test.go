//go:build integration

package rabbitmq_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealDelaysAreNoDeadLetterQueues reads dead letter exchanges that are used as timers:
// a delay before work without consumers, and work that rejects, waits and returns.
func TestRealDelaysAreNoDeadLetterQueues(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		after := func(ttl int, to string) amqp.Table {
			return amqp.Table{"x-message-ttl": ttl, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": to}
		}
		b.declare("orders", nil)
		b.declare("orders.delay", after(3_600_000, "orders")) // longer than the minutes that are played below
		b.declare("work", amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "pause"})
		b.declare("pause", after(600_000, "work"))
		b.declare("work.parking", nil)
		b.declare("celery@w.celery.pidbox", amqp.Table{"x-expires": 600_000, "x-message-ttl": 300_000})
		b.publish("", "orders", 3)
		b.publish("", "orders.delay", 2)
		b.publish("", "work", 1)
		b.publish("", "work.parking", 1)
		b.publish("", "celery@w.celery.pidbox", 1)
		for _, d := range b.take("work", 1) {
			if err := d.Reject(false); err != nil {
				t.Fatal(err)
			}
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		whole := func(r signal.Report) bool {
			q := queueOf(r, b.name("pause"))
			return len(r.Queues) == 6 && q != nil && q.Ready == 1 && q.Purpose.Role != "" && queueOf(r, b.name("orders")).Ready == 3 && queueOf(r, b.name("work.parking")).Ready == 1
		}
		report := b.await(reader, whole)
		for name, want := range map[string]signal.Role{
			"orders": signal.RoleWork, "orders.delay": signal.RoleDelay, "work": signal.RoleWork, "pause": signal.RoleDelay,
			"work.parking": signal.RoleParking, "celery@w.celery.pidbox": signal.RoleReply,
		} {
			if got := queueOf(report, b.name(name)).Purpose; got.Role != want {
				t.Errorf("%s: got %+v, want %s", name, got, want)
			}
		}
		// The same report is shown to the detector again and again, for the decision needs
		// minutes and the broker's clock cannot be moved.
		detector, now := detect.New(), time.Now()
		for range 15 {
			now = now.Add(time.Minute)
			report.TargetID, report.At, report.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, now, time.Minute
			detector.Observe(&report)
		}
		var got []string
		for _, f := range detector.Open() {
			got = append(got, fmt.Sprintf("%s: %s", strings.TrimPrefix(f.Subject.Destination, b.name("")), f.Mode))
		}
		slices.Sort(got)
		if want := []string{"orders: consumer_absent", "orders: dlq_missing", "work.parking: dlq_filling"}; !slices.Equal(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
	})
}
