package rabbitmq_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

const password = "correct-horse-battery"

// fake answers as a RabbitMQ of one node does, management and prometheus plugin on
// one port.
type fake struct {
	*httptest.Server

	mu      sync.Mutex
	answers map[string]string // by path, without the query
	status  map[string]int
	more    map[string]func(http.ResponseWriter, *http.Request) // written after the answer
	raws    map[string]http.HandlerFunc                         // answers in place of the fake
	asked   []string
}

const detailed = `# TYPE rabbitmq_detailed_queue_messages_ready gauge
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="orders"} 7
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="failed"} 2
rabbitmq_detailed_queue_messages_ready{vhost="a/b",queue="q \"1\""} 1
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="log"} 100
rabbitmq_detailed_queue_messages_unacked{vhost="/",queue="orders"} 3
rabbitmq_detailed_queue_messages_unacked{vhost="/",queue="failed"} 0
rabbitmq_detailed_queue_messages_unacked{vhost="a/b",queue="q \"1\""} 0
rabbitmq_detailed_queue_consumers{vhost="/",queue="orders"} 1
rabbitmq_detailed_queue_consumers{vhost="/",queue="failed"} 0
rabbitmq_detailed_queue_messages_acked_total{vhost="/",queue="orders"} 40
rabbitmq_detailed_queue_messages_delivered_ack_total{vhost="/",queue="orders"} 60
rabbitmq_detailed_queue_messages_redelivered_total{vhost="/",queue="orders"} 17
rabbitmq_detailed_queue_exchange_messages_published_total{vhost="/",exchange="shop",queue="orders"} 30
rabbitmq_detailed_queue_exchange_messages_published_total{vhost="/",exchange="",queue="orders"} 20
`

func serve(t testing.TB) *fake {
	t.Helper()
	f := &fake{status: map[string]int{}, more: map[string]func(http.ResponseWriter, *http.Request){}, answers: map[string]string{
		"/api/overview": `{"rabbitmq_version":"4.3.6","disable_stats":false}`,
		// A page of the queues of a virtual host on which the user has permissions.
		"/api/queues/%2F": `{"items":[]}`, "/api/queues/a%2Fb": `{"items":[]}`,
		"/api/vhosts": `[{"name":"/"},{"name":"a/b"}]`,
		"/api/nodes":  `[{"name":"rabbit@a","running":true,"mem_alarm":false,"disk_free_alarm":false}]`,
		"/api/queues": `[{"vhost":"/","name":"orders","type":"quorum","arguments":{"x-dead-letter-exchange":"dlx"},"messages_ready":7,"messages_unacknowledged":3,"consumers":1,"message_stats":{"ack":40,"deliver_get":60,"publish":50,"redeliver":17}},
			{"vhost":"/","name":"failed","type":"classic","arguments":{},"messages_ready":2,"messages_unacknowledged":0,"consumers":0},
			{"vhost":"/","name":"log","type":"stream","arguments":{},"messages_ready":100},
			{"vhost":"a/b","name":"q \"1\"","type":"classic","arguments":{"x-max-length":5},"messages_ready":1,"messages_unacknowledged":0,"consumers":0}]`,
		"/api/policies":          `[{"vhost":"/","pattern":"^ord","apply-to":"quorum_queues","priority":1,"definition":{"message-ttl":60000}},{"vhost":"/","pattern":".*","apply-to":"all","priority":0,"definition":{"max-length":1}}]`,
		"/api/operator-policies": `[{"vhost":"/","pattern":"^ord","apply-to":"queues","priority":0,"definition":{"message-ttl":50000}}]`,
		"/api/exchanges":         `[{"vhost":"/","name":"","type":"direct","arguments":{}},{"vhost":"/","name":"dlx","type":"topic","arguments":{}}]`,
		"/api/bindings":          `[{"vhost":"/","source":"dlx","destination":"failed","destination_type":"queue","routing_key":"ord.#"},{"vhost":"/","source":"shop","destination":"orders","destination_type":"queue","routing_key":"ord.eu.new"}]`,
		"/metrics/detailed":      detailed,
		"/metrics": `rabbitmq_identity_info{rabbitmq_node="rabbit@a"} 1
rabbitmq_global_messages_dead_lettered_expired_total{queue_type="rabbit_classic_queue",dead_letter_strategy="disabled"} 3
rabbitmq_global_messages_dead_lettered_expired_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="disabled"} 4.0
rabbitmq_global_messages_dead_lettered_expired_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="at_most_once"} 9
rabbitmq_global_messages_unroutable_dropped_total{protocol="amqp091"} 5
`,
	}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.answer))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
	status, more := f.status[path], f.more[path]
	text, ok := f.answers[path]
	raw := f.raws[path]
	f.mu.Unlock()
	if raw != nil {
		raw(w, r)
		return
	}
	user, pass, _ := r.BasicAuth()
	text, cut := strings.CutSuffix(text, "<cut>")
	switch {
	case strings.HasPrefix(path, "/api/") && (user != "lostorder" || pass != password):
		w.WriteHeader(http.StatusUnauthorized)
		return
	case strings.HasPrefix(path, "/metrics") && user != "":
		w.WriteHeader(http.StatusTeapot) // it must not receive a password
		return
	case status != 0:
		w.WriteHeader(status)
		return
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		return
	case cut:
		w.Header().Set("Content-Length", "100000")
	}
	_, _ = io.WriteString(w, text)
	if more != nil {
		more(w, r)
	}
}

// set changes what is answered at a path.
func (f *fake) set(path, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = text
}

// raw has a path answered in another way.
func (f *fake) raw(path string, answer http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.raws == nil {
		f.raws = map[string]http.HandlerFunc{}
	}
	f.raws[path] = answer
}

// then lets more be written after the answer.
func (f *fake) then(path string, more func(http.ResponseWriter, *http.Request)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.more[path] = more
}

func (f *fake) fail(path string, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status[path] = status
}

func settings(t testing.TB, address string, more ...string) rabbitmq.Config {
	t.Helper()
	text := fmt.Sprintf("rabbitmq:\n  - name: main\n    url: %s\n    prometheus_url: %s\n    username: lostorder\n    password: %s\n    config_interval: 20ms\n", address, address, password)
	for _, line := range more {
		text += "    " + line + "\n"
	}
	return parse(t, text)
}

func parse(t testing.TB, text string) rabbitmq.Config {
	t.Helper()
	f, err := config.Parse("test.yml", []byte(text), ".", []config.Section{rabbitmq.Source().Section})
	if err != nil {
		t.Fatal(err)
	}
	return config.Items[rabbitmq.Config](f, "rabbitmq")[0]
}

// read takes one reading.
func read(t *testing.T, c rabbitmq.Config) (signal.Report, error) {
	t.Helper()
	reader := rabbitmq.NewReader(c)
	t.Cleanup(func() { _ = reader.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(c.Timeout)+20*time.Second)
	defer cancel()
	var r signal.Report
	err := reader.Read(ctx, &r)
	return r, err
}

func queueOf(r signal.Report, name string) *signal.Queue {
	for i := range r.Queues {
		if r.Queues[i].Destination == name {
			return &r.Queues[i]
		}
	}
	return nil
}
