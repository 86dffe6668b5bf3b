//go:build integration

package rabbitmq_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/collectors/rabbitmq/rabbitmqtest"
	"github.com/lostorder/lostorder/internal/signal"
)

// broker is a real RabbitMQ, and a virtual host of the test's own in it.
type broker struct {
	t                     *testing.T
	management, amqp      string
	prometheus            string
	vhost, user, password string
	channel               *amqp.Channel
}

// eachBroker runs a test against every version.
func eachBroker(t *testing.T, test func(t *testing.T, b *broker)) {
	for _, prefix := range []string{"RABBITMQ", "RABBITMQ310"} {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel() // the versions are not in each other's way
			text := os.Getenv(prefix + "_URL")
			u, err := url.Parse(text)
			if text == "" || err != nil || u.User == nil {
				t.Fatalf("%s_URL is not set to an address with a user; run it with test/parts/run", prefix)
			}
			b := &broker{t: t, amqp: os.Getenv(prefix + "_AMQP_URL"), prometheus: os.Getenv(prefix + "_PROMETHEUS_URL"), user: u.User.Username()}
			b.password, _ = u.User.Password()
			u.User = nil
			b.management = u.String()
			b.vhost = fmt.Sprintf("test/ü %%2F/%d", time.Now().UnixNano())
			b.call("PUT", "/api/vhosts/"+url.PathEscape(b.vhost), `{}`)
			t.Cleanup(func() { b.call("DELETE", "/api/vhosts/"+url.PathEscape(b.vhost), "") })
			conn, err := amqp.DialConfig(b.amqp, amqp.Config{Vhost: b.vhost, Heartbeat: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			if b.channel, err = conn.Channel(); err != nil {
				t.Fatal(err)
			}
			test(t, b)
		})
	}
}

// call asks the management API as an operator does.
func (b *broker) call(method, path, body string) []byte {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, b.management+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(b.user, b.password)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		b.t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
	}
	return text
}

func (b *broker) declare(queue string, args amqp.Table) {
	b.t.Helper()
	if _, err := b.channel.QueueDeclare(queue, true, false, false, false, args); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broker) publish(exchange, key string, n int) {
	b.t.Helper()
	for range n {
		if err := b.channel.PublishWithContext(b.t.Context(), exchange, key, false, false, amqp.Publishing{Body: []byte("order")}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// take takes n messages without acknowledging them.
func (b *broker) take(queue string, n int) []amqp.Delivery {
	b.t.Helper()
	deliveries, err := b.channel.Consume(queue, queue, false, false, false, false, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var taken []amqp.Delivery
	for len(taken) < n {
		select {
		case d := <-deliveries:
			taken = append(taken, d)
		case <-time.After(2 * time.Minute):
			b.t.Fatalf("%d messages of %d came", len(taken), n)
		}
	}
	return taken
}

func (b *broker) config() rabbitmq.Config {
	return parse(b.t, fmt.Sprintf("rabbitmq: [{name: main, url: '%s', prometheus_url: '%s', username: %s, password: %s, vhosts: {include: '%s'}, config_interval: 20ms}]",
		b.management, b.prometheus, b.user, b.password, b.vhost))
}

// await reads until it is so, for the broker's counters are late.
func (b *broker) await(reader interface {
	Read(ctx context.Context, r *signal.Report) error
}, so func(r signal.Report) bool,
) signal.Report {
	b.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var r signal.Report
		err := reader.Read(b.t.Context(), &r)
		if err == nil && so(r) {
			return r
		}
		if time.Now().After(deadline) {
			text, _ := json.Marshal(r)
			b.t.Fatalf("it did not come to be so: %v %s", err, text)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (b *broker) name(queue string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(b.vhost) + "/" + queue
}

func TestRealQueueIsCounted(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		for _, kind := range []string{"classic", "quorum"} {
			b.declare(kind, amqp.Table{"x-queue-type": kind})
			b.publish("", kind, 10)
			for i, d := range b.take(kind, 10) {
				if i < 4 {
					if err := d.Ack(false); err != nil {
						t.Fatal(err)
					}
				}
			}
			b.publish("", kind, 2)
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		for _, kind := range []string{"classic", "quorum"} {
			r := b.await(reader, func(r signal.Report) bool {
				q := queueOf(r, b.name(kind))
				return q != nil && q.InFlight == 8 && q.Ready == 0 && q.Acknowledged == 4 && q.Published == 12 && q.Consumers == 1
			})
			q := queueOf(r, b.name(kind))
			if len(q.Partitions) != 1 || q.Partitions[0].Committed != 4 || q.Partitions[0].End != 12 || !q.Oldest.Known() || q.Setup.Type != kind {
				t.Errorf("got %+v", q)
			}
			if q.Received < 12 || q.Redelivered > 0 {
				t.Errorf("received %d, redelivered %d", q.Received, q.Redelivered)
			}
			if len(r.Losses) == 0 {
				t.Error("no losses are counted, not even 0")
			}
		}
	})
}

func TestRealRedeliveriesAreCounted(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("orders", nil)
		b.publish("", "orders", 1)
		deliveries, err := b.channel.Consume("orders", "", false, false, false, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if err := (<-deliveries).Nack(false, true); err != nil {
				t.Fatal(err)
			}
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		r := b.await(reader, func(r signal.Report) bool {
			q := queueOf(r, b.name("orders"))
			return q != nil && q.Redelivered >= 50 && len(q.Partitions) == 1 && q.Partitions[0].Lag() == 1
		})
		if q := queueOf(r, b.name("orders")); q.Acknowledged > 0 || q.Partitions[0].Committed != 0 {
			t.Errorf("got %+v", q)
		}
	})
}

func TestRealSettingsAndDeadLetterQueuesAreRead(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		if err := b.channel.ExchangeDeclare("dlx", "topic", true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		b.declare("orders", amqp.Table{"x-queue-type": "quorum", "x-message-ttl": 600_000})
		b.declare("lossy", amqp.Table{"x-max-length": 3})
		b.declare("broken", amqp.Table{"x-dead-letter-exchange": "nowhere"})
		b.declare("the-bin", nil)
		if err := b.channel.QueueBind("the-bin", "ord.#", "dlx", false, nil); err != nil {
			t.Fatal(err)
		}
		vhost := url.PathEscape(b.vhost)
		b.call("PUT", "/api/policies/"+vhost+"/p", `{"pattern":"^ord","apply-to":"queues","definition":{"dead-letter-exchange":"dlx","dead-letter-routing-key":"ord.x","delivery-limit":3}}`)
		b.call("PUT", "/api/operator-policies/"+vhost+"/o", `{"pattern":"^ord","apply-to":"queues","definition":{"message-ttl":500000}}`)
		for _, d := range func() []amqp.Delivery { b.publish("", "orders", 2); return b.take("orders", 2) }() {
			if err := d.Reject(false); err != nil {
				t.Fatal(err)
			}
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		r := b.await(reader, func(r signal.Report) bool {
			return len(r.DeadLetters) == 1 && r.DeadLetters[0].Messages == 2 && r.DeadLetters[0].Arrived == 2
		})
		if d := r.DeadLetters[0]; d.Destination != b.name("the-bin") || len(d.Sources) != 1 || d.Sources[0] != b.name("orders") {
			t.Errorf("got %+v", d)
		}
		if s := queueOf(r, b.name("orders")).Setup; s.Retention != 500*time.Second || s.MaxDeliveries != 3 || s.DeadLettering.Route != signal.RouteSet {
			t.Errorf("got %+v", s)
		}
		if s := queueOf(r, b.name("lossy")).Setup; s.MaxMessages != 3 || !s.DropsHead || s.DeadLettering.Route != signal.RouteNone {
			t.Errorf("got %+v", s)
		}
		if s := queueOf(r, b.name("broken")).Setup; s.DeadLettering.Route != signal.RouteBroken {
			t.Errorf("got %+v", s)
		}
	})
}

func TestRealLossesAreCounted(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		rabbitmqtest.Loses(t, b.prometheus)
		count := func(reason string) signal.Count {
			r, err := read(t, b.config())
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Losses {
				if l.Reason == reason {
					return l.Messages
				}
			}
			return signal.Unknown
		}
		b.declare("lossy", amqp.Table{"x-max-length": 3})
		maxlen, dropped := count("maxlen"), count("unroutable_dropped")
		if !maxlen.Known() || !dropped.Known() {
			t.Fatal("the broker counts no losses")
		}
		b.publish("", "lossy", 10)
		b.publish("", "nobody", 4)
		deadline := time.Now().Add(2 * time.Minute)
		for count("maxlen") < maxlen+7 || count("unroutable_dropped") < dropped+4 {
			if time.Now().After(deadline) {
				t.Fatalf("maxlen %d, unroutable %d", count("maxlen"), count("unroutable_dropped"))
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// TestRealReadingsChangeNothing compares definitions and depths, and whether messages
// were ever delivered, before and after a hundred readings.
func TestRealReadingsChangeNothing(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		vhost := url.PathEscape(b.vhost)
		for _, kind := range []string{"classic", "quorum", "stream"} {
			b.declare(kind, amqp.Table{"x-queue-type": kind})
			b.publish("", kind, 3)
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		b.await(reader, func(r signal.Report) bool {
			c, q := queueOf(r, b.name("classic")), queueOf(r, b.name("quorum"))
			return c != nil && q != nil && c.Ready == 3 && q.Ready == 3
		})
		fingerprint := func() string {
			return string(b.call("GET", "/api/definitions/"+vhost, "")) +
				string(b.call("GET", "/api/queues/"+vhost+"?columns=name,messages,consumers,message_stats.deliver_get,message_stats.ack,message_stats.redeliver", ""))
		}
		// What the management API says of depths is late.
		before := fingerprint()
		for deadline := time.Now().Add(2 * time.Minute); strings.Count(before, `"messages":3`) < 3 || strings.Count(before, `"consumers":0`) < 3; before = fingerprint() {
			if time.Now().After(deadline) {
				t.Fatalf("the broker does not show what was published: %s", before)
			}
			time.Sleep(100 * time.Millisecond)
		}
		for range 100 {
			var r signal.Report
			if err := reader.Read(t.Context(), &r); err != nil || len(r.Queues) != 3 {
				t.Fatalf("got %v and %d queues", err, len(r.Queues))
			}
		}
		if after := fingerprint(); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		for _, kind := range []string{"classic", "quorum"} {
			for range 3 {
				if d, ok, err := b.channel.Get(kind, true); err != nil || !ok || d.Redelivered {
					t.Errorf("%s: got %v %v, redelivered %v", kind, ok, err, d.Redelivered)
				}
			}
		}
	})
}
