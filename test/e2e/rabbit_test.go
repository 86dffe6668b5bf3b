//go:build integration

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq/rabbitmqtest"
	"github.com/lostorder/lostorder/internal/signal"
)

// rabbit is a real RabbitMQ with the test's own virtual host, which has an odd name.
type rabbit struct {
	t                  *testing.T
	prefix             string // of the variables that name it
	management, plugin string
	user, password     string
	vhost              string
	connection         *amqp.Connection
	publisher          *amqp.Channel // of its own: one channel is not for two goroutines
	publishing         sync.Mutex
	channel            *amqp.Channel
}

// eachRabbit runs a test against every version: old and new differ in what they
// report.
func eachRabbit(t *testing.T, test func(t *testing.T, b *rabbit)) {
	t.Helper()
	t.Parallel()
	for name, prefix := range rabbits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rabbitmqtest.LosesNothing(t, server(t, prefix+"_PROMETHEUS_URL"))
			test(t, openRabbit(t, prefix))
		})
	}
}

// eachRabbitAlone is eachRabbit for tests that lose messages. They run before all others.
// The versions run in parallel.
func eachRabbitAlone(t *testing.T, test func(t *testing.T, b *rabbit)) {
	t.Helper()
	for name, prefix := range rabbits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rabbitmqtest.Loses(t, server(t, prefix+"_PROMETHEUS_URL"))
			test(t, openRabbit(t, prefix))
		})
	}
}

var rabbits = map[string]string{"4.3": "RABBITMQ", "3.10": "RABBITMQ310"}

// openRabbit makes a virtual host for a test on the server that the variables with a
// prefix name.
func openRabbit(t *testing.T, prefix string) *rabbit {
	t.Helper()
	u, err := url.Parse(server(t, prefix+"_URL"))
	if err != nil || u.User == nil {
		t.Fatalf("%s_URL is not an address with a user", prefix)
	}
	b := &rabbit{t: t, prefix: prefix, user: u.User.Username(), plugin: server(t, prefix+"_PROMETHEUS_URL"), vhost: unique(t) + "/ü %2F"}
	b.password, _ = u.User.Password()
	u.User = nil
	b.management = u.String()
	b.call("PUT", "/api/vhosts/"+url.PathEscape(b.vhost), "{}")
	t.Cleanup(func() { b.call("DELETE", "/api/vhosts/"+url.PathEscape(b.vhost), "") })
	if b.connection, err = amqp.DialConfig(server(t, prefix+"_AMQP_URL"), amqp.Config{Vhost: b.vhost, Heartbeat: time.Minute}); err != nil {
		t.Fatalf("connect to RabbitMQ: %v", err)
	}
	t.Cleanup(func() { _ = b.connection.Close() })
	b.channel, b.publisher = b.open(), b.open()
	return b
}

func (b *rabbit) open() *amqp.Channel {
	b.t.Helper()
	channel, err := b.connection.Channel()
	if err != nil {
		b.t.Fatal(err)
	}
	return channel
}

// call calls the management API, as an operator does.
func (b *rabbit) call(method, path, body string) string {
	b.t.Helper()
	var text []byte
	eventually(b.t, method+" "+path, func() (bool, string) {
		// The test's context has ended when this cleans up.
		request, err := http.NewRequestWithContext(context.Background(), method, b.management+path, strings.NewReader(body))
		if err != nil {
			b.t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.SetBasicAuth(b.user, b.password)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, err.Error() // a broker that is busy hangs up now and then
		}
		defer func() { _ = answer.Body.Close() }()
		if text, err = io.ReadAll(answer.Body); err != nil {
			return false, err.Error()
		}
		if answer.StatusCode >= 300 && answer.StatusCode < 500 {
			b.t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, text)
		}
		return answer.StatusCode < 300, fmt.Sprintf("%d %s", answer.StatusCode, text)
	})
	return string(text)
}

// declare declares a queue of a type; arguments are alternating names and values.
func (b *rabbit) declare(name, kind string, arguments ...any) {
	b.t.Helper()
	table := amqp.Table{"x-queue-type": kind}
	for i := 0; i+1 < len(arguments); i += 2 {
		table[arguments[i].(string)] = arguments[i+1]
	}
	if _, err := b.channel.QueueDeclare(name, true, false, false, false, table); err != nil {
		b.t.Fatal(err)
	}
}

// send publishes one message for each order, straight to a queue.
func (b *rabbit) send(queue string, orders ...string) {
	b.t.Helper()
	for _, id := range orders {
		if err := b.write(queue, id); err != nil {
			b.t.Fatal(err)
		}
	}
}

// write is send for goroutines other than the test's own.
func (b *rabbit) write(queue, order string) error { return b.route("", queue, false, order) }

func (b *rabbit) route(exchange, key string, mandatory bool, order string) error {
	b.publishing.Lock()
	defer b.publishing.Unlock()
	return b.publisher.PublishWithContext(context.Background(), exchange, key, mandatory, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: order, Body: []byte(`{"state":"placed"}`),
	})
}

// publish publishes one message per order to an exchange. A mandatory message is returned
// if no queue takes it.
func (b *rabbit) publish(exchange, key string, mandatory bool, orders ...string) {
	b.t.Helper()
	for _, id := range orders {
		if err := b.route(exchange, key, mandatory, id); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *rabbit) exchange(name, kind string, arguments amqp.Table) {
	b.t.Helper()
	if err := b.channel.ExchangeDeclare(name, kind, true, false, false, false, arguments); err != nil {
		b.t.Fatal(err)
	}
}

// policy sets or replaces a policy of queues.
func (b *rabbit) policy(name, pattern, definition string) {
	b.t.Helper()
	b.call("PUT", "/api/policies/"+url.PathEscape(b.vhost)+"/"+name, fmt.Sprintf(`{"pattern": %q, "apply-to": "queues", "definition": %s}`, pattern, definition))
}

func (b *rabbit) bind(queue, exchange, key string) {
	b.t.Helper()
	if err := b.channel.QueueBind(queue, key, exchange, false, nil); err != nil {
		b.t.Fatal(err)
	}
}

// orders returns n order ids.
func orders(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint("o-", i))
	}
	return ids
}

// worker is one consumer with a handler from the test.
type worker struct {
	channel *amqp.Channel
	leaving atomic.Bool
	ended   chan struct{}
}

// work starts a consumer with a prefetch.
func (b *rabbit) work(queue string, prefetch int, do func(d amqp.Delivery) error) *worker {
	b.t.Helper()
	return b.consume(queue, prefetch, nil, do)
}

func (b *rabbit) consume(queue string, prefetch int, arguments amqp.Table, do func(d amqp.Delivery) error) *worker {
	b.t.Helper()
	w := &worker{channel: b.open(), ended: make(chan struct{})}
	if err := w.channel.Qos(prefetch, 0, false); err != nil {
		b.t.Fatal(err)
	}
	deliveries, err := w.channel.Consume(queue, workerTag, false, false, false, false, arguments)
	if err != nil {
		b.t.Fatal(err)
	}
	go func() {
		defer close(w.ended)
		for d := range deliveries {
			if !w.leaving.Load() && do(d) != nil {
				return // the channel was closed
			}
		}
	}()
	b.t.Cleanup(w.stop)
	return w
}

// workerTag is the consumer tag; each consumer has its own channel.
const workerTag = "worker"

// stop stops the consumer. Its unacknowledged messages return to the queue. The channel is
// closed last: an acknowledgement on a closed channel closes the whole connection.
func (w *worker) stop() {
	w.leaving.Store(true)
	_ = w.channel.Cancel(workerTag, false)
	<-w.ended
	_ = w.channel.Close()
}

// shows waits until the broker itself reports the expected state of a queue, because its
// statistics are late.
func (b *rabbit) shows(queue string, what ...string) {
	b.t.Helper()
	eventually(b.t, "the broker shows "+queue, func() (bool, string) {
		text := b.call("GET", "/api/queues/"+url.PathEscape(b.vhost)+"/"+url.PathEscape(queue)+"?columns=messages_ready,messages_unacknowledged,consumers", "")
		for _, part := range what {
			if !strings.Contains(text, part) {
				return false, text
			}
		}
		return true, ""
	})
}

// ack is a consumer that processes each message slowly and acknowledges it.
func ack(took time.Duration) func(amqp.Delivery) error {
	return func(d amqp.Delivery) error {
		time.Sleep(took)
		return d.Ack(false)
	}
}

// hold is a consumer that hangs.
func hold(amqp.Delivery) error { return nil }

// watch is a config that watches the virtual host of the test.
func (b *rabbit) watch(lines ...string) settings {
	s := settings{}
	s.add("rabbitmq", append([]string{
		"name: main", fmt.Sprintf("url: %q", b.management), fmt.Sprintf("prometheus_url: %q", b.plugin),
		"username: " + b.user, "password: " + b.password,
		fmt.Sprintf("vhosts: {include: [%q]}", strings.NewReplacer(".", `\.`).Replace(b.vhost)),
		"config_interval: 1s", schedule(),
	}, lines...)...)
	return s
}

func (b *rabbit) watchQueues() settings { return b.watch(within(rabbitAge)) }

// within is an objective with dlq: none, for tests about other modes.
func within(d time.Duration) string {
	return fmt.Sprintf("objectives: [{max_age: %[1]s, absent_after: %[1]s, dlq: none}]", d)
}

// rabbitAge is the objective of these tests: longer than the five seconds of the broker's
// statistics interval.
const rabbitAge = 6 * time.Second

func (b *rabbit) subject(queue string) signal.Subject {
	return signal.Subject{System: signal.RabbitMQ, Cluster: "main", Destination: b.name(queue)}
}

// name is that of a queue in metrics and findings.
func (b *rabbit) name(queue string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(b.vhost) + "/" + queue
}

// sees waits until a metric of a queue has a value.
func (b *rabbit) sees(p *program, metric string, want float64, queue string, labels ...string) {
	b.t.Helper()
	eventually(b.t, metric+" of "+queue+" is seen", func() (bool, string) {
		got, ok := p.value(metric, append(labels, "messaging_destination_name="+b.name(queue))...)
		return ok && got == want, fmt.Sprintf("there is a series: %v, it is %v, and should be %v", ok, got, want)
	})
}
