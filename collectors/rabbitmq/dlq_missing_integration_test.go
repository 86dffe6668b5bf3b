//go:build integration

package rabbitmq_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealQueueThatWouldDropFailedMessagesOpensDLQMissing reads queues as they are set up on a
// real broker, quicker than the clock that the decision sees.
func TestRealQueueThatWouldDropFailedMessagesOpensDLQMissing(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("graves", nil)
		b.declare("kept", amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "graves"})
		b.declare("broken", amqp.Table{"x-dead-letter-exchange": "nowhere"})
		b.declare("limited", amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": 5})
		b.declare("robbed", nil)
		b.declare("log", amqp.Table{"x-queue-type": "stream"})
		for name, exclusive := range map[string]bool{"replies": true, "session": false} {
			if _, err := b.channel.QueueDeclare(name, false, !exclusive, exclusive, false, nil); err != nil {
				t.Fatal(err)
			}
		}
		policy := "/api/policies/" + url.PathEscape(b.vhost) + "/letters"
		b.call("PUT", policy, `{"pattern":"^robbed$","apply-to":"queues","definition":{"dead-letter-exchange":"","dead-letter-routing-key":"graves"}}`)
		b.publish("", "limited", 1)

		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		detector, now := detect.New(), time.Now()
		look := func(r signal.Report) {
			now = now.Add(time.Minute)
			r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, now, time.Minute
			detector.Observe(&r)
		}
		route := func(r signal.Report, name string) signal.DeadLetteringRoute {
			if q := queueOf(r, b.name(name)); q != nil && q.Setup != nil {
				return q.Setup.DeadLettering.Route
			}
			return signal.RouteUnknown
		}
		look(b.await(reader, func(r signal.Report) bool {
			return len(r.Queues) == 8 && route(r, "robbed") == signal.RouteSet && queueOf(r, b.name("limited")).Ready == 1
		}))
		b.call("DELETE", policy, "")
		robbed := func(r signal.Report) bool { return route(r, "robbed") == signal.RouteNone }
		for range 15 {
			look(b.await(reader, robbed))
		}
		var got []string
		for _, f := range detector.Open() {
			if f.Mode == signal.DLQMissing {
				got = append(got, fmt.Sprintf("%s: %s", strings.TrimPrefix(f.Subject.Destination, b.name("")), f.Severity))
			}
		}
		slices.Sort(got)
		if want := []string{"broken: warning", "limited: warning", "robbed: warning"}; !slices.Equal(got, want) {
			t.Errorf("missed %q, want %q", got, want)
		}
	})
}
