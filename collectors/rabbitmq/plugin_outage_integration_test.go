//go:build integration

package rabbitmq_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealOutageOfOnePluginNeitherFindsNorHeals: queues with a fault keep their findings, and a
// queue that flows gets none, while the management API is down, while the prometheus plugin
// is, and when they come back.
func TestRealOutageOfOnePluginNeitherFindsNorHeals(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		for _, name := range []string{"flows", "absent", "stalled", "again", "dead"} {
			b.declare(name, amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": 1_000_000})
		}
		b.declare("fails", amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
		b.flow("flows")
		b.publish("", "absent", 20)
		b.publish("", "stalled", 20)
		_, channel := b.connect()
		if err := channel.Qos(5, 0, false); err != nil {
			t.Fatal(err)
		}
		if _, err := channel.Consume("stalled", "", false, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		b.publish("", "again", 3)
		_, channel = b.connect()
		again, err := channel.Consume("again", "", false, false, false, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for d := range again {
				_ = d.Nack(false, true)
				time.Sleep(20 * time.Millisecond)
			}
		}()
		b.publish("", "fails", 2)
		for _, d := range b.take("fails", 2) {
			if err := d.Reject(false); err != nil {
				t.Fatal(err)
			}
		}

		management, plugin := collectortest.NewProxy(t, strings.TrimPrefix(b.management, "http://")), collectortest.NewProxy(t, strings.TrimPrefix(b.prometheus, "http://"))
		reader := rabbitmq.NewReader(b.settings([]string{"http://" + management.Addr()}, []string{"http://" + plugin.Addr()},
			"interval: 1s", "timeout: 4s", "objectives: [{queues: '.*', max_age: 5s, absent_after: 5s}]"))
		defer func() { _ = reader.Close() }()
		detector := detect.New()
		var last signal.Report
		play := func(d time.Duration) (changes []string) {
			for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(time.Second) {
				began := time.Now()
				r := signal.Report{TargetID: signal.TargetID{Collector: "rabbitmq", Target: "main"}, Interval: time.Second}
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				r.Err = reader.Read(ctx, &r)
				cancel()
				r.At, r.Duration = time.Now(), time.Since(began)
				for _, c := range detector.Observe(&r) {
					changes = append(changes, fmt.Sprintf("%s %s %s", c.Kind, c.Finding.Mode, strings.TrimPrefix(c.Finding.Subject.Destination, b.name(""))))
				}
				last = r
			}
			slices.Sort(changes)
			return changes
		}
		open := func() (list []string) {
			for _, f := range detector.Open() {
				list = append(list, fmt.Sprintf("%s %s %s", f.ID, f.Mode, strings.TrimPrefix(f.Subject.Destination, b.name(""))))
			}
			slices.Sort(list)
			return list
		}
		play(40 * time.Second)
		before := open()
		for _, want := range []string{"consumer_absent absent", "consumer_stalled stalled", "retry_loop again", "dlq_filling dead"} {
			if !slices.ContainsFunc(before, func(f string) bool { return strings.HasSuffix(f, want) }) {
				t.Fatalf("%s is not found: %q", want, before)
			}
		}
		for _, phase := range []struct {
			what string
			do   func()
			err  string
		}{
			{"the management API is down", management.Refuse, "connection refused"},
			{"it is back", management.Pass, ""},
			{"the prometheus plugin is down", plugin.Refuse, "connection refused"},
			{"it is back too", plugin.Pass, ""},
			{"the management API hangs", management.Hang, "deadline"},
			{"it answers again", management.Pass, ""},
		} {
			phase.do()
			changes := play(15 * time.Second)
			if len(changes) > 0 || !slices.Equal(open(), before) {
				t.Errorf("%s: %q; open %q, want %q; %v %q", phase.what, changes, open(), before, last.Err, last.Warnings)
			}
			said := fmt.Sprint(last.Err, last.Warnings) // without the prometheus plugin RabbitMQ 4 is read from the management API, with a warning
			if phase.err == "" && last.Err != nil || !strings.Contains(said, phase.err) {
				t.Errorf("%s: got %s, want %s", phase.what, said, phase.err)
			}
		}
	})
}

// flow publishes to a queue and consumes it, until the test ends.
func (b *broker) flow(queue string) {
	b.t.Helper()
	_, in := b.connect()
	_, out := b.connect()
	deliveries, err := out.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	go func() {
		for d := range deliveries {
			_ = d.Ack(false)
		}
	}()
	ctx := b.t.Context()
	go func() {
		for ctx.Err() == nil {
			_ = in.PublishWithContext(ctx, "", queue, false, false, amqp.Publishing{Body: []byte("order")})
			time.Sleep(100 * time.Millisecond)
		}
	}()
}
