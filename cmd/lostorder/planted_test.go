package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/otlp/otlptest"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web"
)

// planted begins every id in the shop of the test that is a text, of orders, rows and
// messages, and plantedNumber every one that is a number.
const (
	planted       = "PLANTED-"
	plantedNumber = 8888777760
)

// shopOfPlantedIDs is a shop in which every source of a database has something to report. It
// returns the config file and the state file of its check.
func shopOfPlantedIDs(t *testing.T, s *databasetest.Shop) (file, state string) {
	t.Helper()
	moment := s.Time + " NULL"
	s.Run(t,
		"CREATE TABLE orders (id "+s.Key+" PRIMARY KEY, state "+s.Key+", updated_at "+moment+", created_at "+moment+", request "+s.Key+")",
		"CREATE INDEX by_state ON orders (state, updated_at, id)", "CREATE INDEX by_creation ON orders (created_at, id, request, state)",
		"CREATE TABLE numbered (id BIGINT PRIMARY KEY, state "+s.Key+", updated_at "+moment+", created_at "+moment+")",
		"CREATE INDEX numbered_state ON numbered (state, updated_at, id)", "CREATE INDEX numbered_creation ON numbered (created_at)",
		"CREATE TABLE outbox (id "+s.Key+" PRIMARY KEY, aggregate_id "+s.Key+", status "+s.Key+", created_at "+moment+")",
		"CREATE INDEX pending ON outbox (status, created_at, id)",
		"CREATE TABLE payments (order_id "+s.Key+" PRIMARY KEY, created_at "+moment+")", "CREATE INDEX by_payment ON payments (created_at)",
		"CREATE TABLE receipts (order_id BIGINT PRIMARY KEY, created_at "+moment+")", "CREATE INDEX by_receipt ON receipts (created_at)",
	)
	old := s.Ago(time.Hour)
	for i := range 5 {
		s.Run(t,
			fmt.Sprintf("INSERT INTO orders VALUES ('%s%d', 'placed', %[3]s, %[3]s, 'once')", planted, i, old),
			fmt.Sprintf("INSERT INTO numbered VALUES (%d, 'placed', %[2]s, %[2]s)", plantedNumber+i, old),
			fmt.Sprintf("INSERT INTO outbox VALUES ('%sROW-%d', '%[1]sOUT', 'PENDING', %[3]s)", planted, i, old),
		)
	}
	s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES ('%sLOST', 'nowhere', %[2]s, %[2]s, 'once')", planted, old))
	for _, table := range []string{"orders", "numbered", "outbox", "payments", "receipts"} {
		s.Analyse(t, table)
		s.Grant(t, table)
	}
	dir := t.TempDir()
	file, state = filepath.Join(dir, "lostorder.yml"), filepath.Join(dir, "state.json")
	text := `privacy: {order_ids: hash, salt: 0123456789abcdef}
databases: [{name: shop, url: "` + s.URL + `"}]
outboxes: [{name: events, database: shop, table: outbox, columns: {order_id: aggregate_id}, pending: "status = 'PENDING'", max_age: 1s, interval: 200ms}]
lifecycles:
- {name: order, source: {database: shop, table: orders}, states: {placed: {max: 1s, next: [paid]}, paid: {}}, duplicates: {key: request, interval: 200ms, within: 1d}, interval: 200ms}
- {name: numbered, source: {database: shop, table: numbered}, states: {placed: {max: 1s, next: [paid]}, paid: {}}, interval: 200ms}
- {name: typed, source: {database: shop, table: orders, columns: {since: request}}, states: {placed: {max: 1s, next: [paid]}, paid: {}}, interval: 200ms}
reconciliations:
- {name: payments, left: {database: shop, table: orders, columns: {key: id}}, right: {database: shop, table: payments, columns: {key: order_id}}, expect: exactly_one, grace: 200ms, interval: 200ms, state_file: "` + state + `"}
- {name: receipts, left: {database: shop, table: numbered, columns: {key: id}}, right: {database: shop, table: receipts, columns: {key: order_id}}, expect: exactly_one, grace: 200ms, interval: 200ms}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, state
}

// withPlantedBrokers adds brokers to a config file.
func withPlantedBrokers(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rabbit := plantedRabbit(t)
	text = append(text, `rabbitmq: [{name: shop, url: "`+rabbit+`", prometheus_url: "`+rabbit+`", peek: true, order_id: message_id, interval: 200ms}]
sqs: [{name: shop, region: `+fakesqs.Region+`, endpoint: "`+plantedSQS(t)+`", interval: 200ms, cloudwatch: {enabled: false}}]
`...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// plantedRabbit is a RabbitMQ whose dead letters name orders.
func plantedRabbit(t *testing.T) (url string) {
	answers := map[string]string{
		"/api/overview": `{"rabbitmq_version":"4.3.6","disable_stats":false}`,
		"/api/nodes":    `[{"name":"rabbit@a","running":true}]`,
		"/api/queues": `[{"vhost":"/","name":"orders","type":"classic","arguments":{"x-dead-letter-exchange":"dlx","x-dead-letter-routing-key":"failed"},"messages_ready":0,"messages_unacknowledged":0,"consumers":1},
			{"vhost":"/","name":"failed","type":"classic","arguments":{},"messages_ready":2,"messages_unacknowledged":0,"consumers":0}]`,
		"/api/policies": "[]", "/api/operator-policies": "[]",
		"/api/bindings":  `[{"vhost":"/","source":"dlx","destination":"failed","destination_type":"queue","routing_key":"failed"}]`,
		"/api/exchanges": `[{"vhost":"/","name":"","type":"direct","arguments":{}},{"vhost":"/","name":"dlx","type":"direct","arguments":{}}]`,
		"/metrics":       "rabbitmq_identity_info{rabbitmq_node=\"rabbit@a\"} 1\n",
		"/metrics/detailed": `# TYPE rabbitmq_detailed_queue_messages_ready gauge
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="orders"} 0
rabbitmq_detailed_queue_messages_ready{vhost="/",queue="failed"} 2
rabbitmq_detailed_queue_messages_unacked{vhost="/",queue="orders"} 0
rabbitmq_detailed_queue_messages_unacked{vhost="/",queue="failed"} 0
rabbitmq_detailed_queue_consumers{vhost="/",queue="orders"} 1
rabbitmq_detailed_queue_consumers{vhost="/",queue="failed"} 0
`,
		"/api/queues/%2F/failed/get": `[{"payload":"e","properties":{"message_id":"` + planted + `DEAD","correlation_id":"` + planted + `DEAD",
			"headers":{"order":"` + planted + `DEAD","x-death":[{"reason":"rejected","queue":"orders","count":1,"time":1760000000}]}}}]`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.URL.EscapedPath()]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// plantedSQS is an SQS with a message that names an order in every part.
func plantedSQS(t *testing.T) (url string) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	server := httptest.NewServer(fakesqs.New())
	t.Cleanup(server.Close)
	for _, call := range [][2]string{
		{"CreateQueue", `{"QueueName":"orders"}`},
		{"SendMessage", `{"QueueUrl":"` + server.URL + `/000000000000/orders","MessageBody":"` + planted + `BODY","MessageAttributes":{"order":{"DataType":"String","StringValue":"` + planted + `ATTRIBUTE"}}}`},
	} {
		request, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(call[1]))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Amz-Target", "AmazonSQS."+call[0])
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	return server.URL
}

// lockedBuffer is a log that is written and read at the same time.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestNoPlantedIDLeavesTheProcessWhereIDsAreHashed has real sources read planted ids
// and searches everything that leaves lostorder for them.
func TestNoPlantedIDLeavesTheProcessWhereIDsAreHashed(t *testing.T) {
	databasetest.EachWithMySQL(t, noPlantedIDLeaves)
}

func noPlantedIDLeaves(t *testing.T, shop *databasetest.Shop) {
	file, state := shopOfPlantedIDs(t, shop)
	withPlantedBrokers(t, file)
	var receiver otlptest.Receiver
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.OverHTTP(t))
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "100")
	f, err := config.Load(file, builtin.Sections())
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	s := newService(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), web.External{})
	stop, err := s.send(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	s.apply(t.Context(), f)
	// What brokers report comes in as reports: a queue with waiting orders, a dead letter queue.
	since := signal.InstantOf(time.Now().Add(-time.Hour))
	queue := signal.NewQueue(signal.QueueID{System: "kafka", Cluster: "main", Destination: "orders", Group: "billing"})
	queue.Ready, queue.Consumers = 3, 0
	queue.Oldest = signal.Age{Since: since, Bound: signal.Measured}
	queue.Objective = signal.Objective{MaxAge: time.Minute, AbsentAfter: time.Minute}
	queue.Sample = []signal.OrderRef{{ID: planted + "7", Since: since, TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"}}
	s.Report(signal.Report{
		TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, At: time.Now(), Interval: time.Second, Queues: []signal.Queue{queue},
		Warnings: []string{"message " + planted + "7 is odd"},
	})

	handler := s.handler(nil, false, false)
	get := func(path string) string {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Body.String()
	}
	wanted := []string{"outbox_stalled", "order_overdue", "order_unmatched", "order_duplicate", "dlq_filling"}
	var findings struct {
		Findings []struct{ ID, Mode string }
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		body := get("/api/v1/findings")
		if err := json.Unmarshal([]byte(body), &findings); err != nil {
			t.Fatal(err)
		}
		missing := slices.DeleteFunc(slices.Clone(wanted), func(mode string) bool {
			return slices.ContainsFunc(findings.Findings, func(f struct{ ID, Mode string }) bool { return f.Mode == mode })
		})
		for _, id := range []string{planted + "0", planted + "DEAD", strconv.Itoa(plantedNumber)} {
			if !strings.Contains(body, s.veil.Load().ID(id)) {
				missing = append(missing, "the hash of "+id)
			}
		}
		if len(missing) == 0 {
			break
		}
		if time.Now().After(deadline) {
			text := log.String()
			t.Fatalf("no finding of %v; targets: %s; the log ends: %s", missing, get("/api/v1/targets"), text[max(0, len(text)-2000):])
		}
	}
	shown := map[string]string{}
	for _, path := range []string{"/api/v1/findings?state=all", "/api/v1/targets", "/", "/metrics"} {
		shown[path] = get(path)
	}
	for _, f := range findings.Findings {
		shown["the page of "+f.Mode] = get("/findings/" + f.ID)
		shown["the API on "+f.Mode] = get("/api/v1/findings/" + f.ID)
	}
	s.manager.Stop()
	stop()
	received := receiver.Received()
	if len(received.Spans) == 0 || len(received.Records) == 0 {
		t.Fatalf("%d spans and %d log records were sent", len(received.Spans), len(received.Records))
	}
	shown["OTLP"] = fmt.Sprint(received.Spans, received.Records, received.Metrics)
	shown["the log"] = log.String()
	wrote, err := os.ReadFile(state)
	if err != nil || len(wrote) == 0 {
		t.Errorf("there is no state file: %v", err)
	}
	shown["the state file"] = string(wrote)
	var out, errs bytes.Buffer
	Main(t.Context(), []string{"check", "--config.file=" + file}, &out, &errs)
	Main(t.Context(), []string{"check", "--json", "--config.file=" + file}, &out, &errs)
	shown["check"] = out.String() + errs.String()
	for where, text := range shown {
		for _, id := range []string{planted, strconv.Itoa(plantedNumber / 10)} {
			if i := strings.Index(text, id); i >= 0 {
				t.Errorf("%s shows an id: …%s…", where, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}
