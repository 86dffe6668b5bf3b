//go:build integration

package rabbitmq_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealFindingsComeWithinOneInterval changes a real broker, with a config_interval that is much longer
// than the test, and measures from then to the finding.
func TestRealFindingsComeWithinOneInterval(t *testing.T) {
	const (
		every  = 10 * time.Second
		maxAge = 40 * time.Second
		// The broker publishes counters each five seconds.
		counters = 5 * time.Second
	)
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("graves", nil)
		b.declare("robbed", nil)
		b.declare("unbound", amqp.Table{"x-dead-letter-exchange": "x", "x-dead-letter-routing-key": "k"})
		if err := b.channel.ExchangeDeclare("x", "direct", true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.channel.QueueBind("graves", "k", "x", false, nil); err != nil {
			t.Fatal(err)
		}
		policy := "/api/policies/" + url.PathEscape(b.vhost) + "/letters"
		b.call("PUT", policy, `{"pattern":"^robbed$","apply-to":"queues","definition":{"dead-letter-exchange":"","dead-letter-routing-key":"graves"}}`)

		c := b.config()
		c.ConfigInterval = config.Duration(time.Hour)
		c.Objectives = parse(t, "rabbitmq: [{name: main, url: 'http://localhost', objectives: [{max_age: 40s}]}]").Objectives
		reader := rabbitmq.NewReader(c)
		defer func() { _ = reader.Close() }()
		b.await(reader, func(r signal.Report) bool { // the counts have all queues
			return len(r.Queues) == 3 && route(r, b.name("robbed")) == signal.RouteSet && route(r, b.name("unbound")) == signal.RouteSet
		})

		detector, found := detect.New(), map[string]time.Time{}
		clock := time.NewTicker(every)
		defer clock.Stop()
		look := func() {
			began := time.Now()
			var r signal.Report
			if err := reader.Read(t.Context(), &r); err != nil {
				t.Error(err)
			}
			r.TargetID, r.At, r.Duration, r.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, time.Now(), time.Since(began), every
			for _, change := range detector.Observe(&r) {
				if f := &change.Finding; change.Kind == detect.Opened {
					found[strings.TrimPrefix(f.Subject.Destination, b.name(""))+": "+string(f.Mode)] = r.At
				}
			}
		}
		for range 2 {
			look()
			<-clock.C
		}

		happened := map[string]time.Time{}
		b.call("DELETE", policy, "")
		happened["robbed: dlq_missing"] = time.Now()
		if err := b.channel.QueueUnbind("graves", "k", "x", nil); err != nil {
			t.Fatal(err)
		}
		happened["unbound: dlq_missing"] = time.Now()
		b.declare("looping", nil)
		happened["looping: dlq_missing"], happened["looping: retry_loop"] = time.Now(), time.Now()
		deliveries, err := b.channel.Consume("looping", "", false, false, false, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.publish("", "looping", 1)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for d := range deliveries {
				time.Sleep(20 * time.Millisecond) // the pace of the consumer
				_ = d.Nack(false, true)
			}
		}()
		defer func() { _ = b.channel.Close(); <-done }()

		for len(found) < len(happened) && time.Since(happened["looping: retry_loop"]) < maxAge+2*time.Minute {
			look()
			<-clock.C
		}
		for what, began := range happened {
			at, ok := found[what]
			late := at.Sub(began) - maxAge
			most := every + every/2 // readings of a busy machine
			if strings.HasSuffix(what, "retry_loop") {
				most += counters + every // the first reading of a queue shows no rate
			}
			switch {
			case !ok:
				t.Errorf("%s: not found", what)
			case late > most:
				t.Errorf("%s: %.1f intervals after it could be decided", what, late.Seconds()/every.Seconds())
			default:
				t.Logf("%s: %.1f intervals after it could be decided", what, late.Seconds()/every.Seconds())
			}
		}
		if len(found) > len(happened) {
			t.Errorf("found %v", found)
		}
	})
}
