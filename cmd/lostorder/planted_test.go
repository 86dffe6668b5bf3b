package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
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

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

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
// returns the config file.
func shopOfPlantedIDs(t *testing.T, s *databasetest.Shop) (file string) {
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
	file = filepath.Join(t.TempDir(), "lostorder.yml")
	text := `privacy: {order_ids: hash, salt: 0123456789abcdef}
databases: [{name: shop, url: "` + s.URL + `"}]
outboxes: [{name: events, database: shop, table: outbox, columns: {order_id: aggregate_id}, pending: "status = 'PENDING'", max_age: 1s, interval: 200ms}]
lifecycles:
- {name: order, source: {database: shop, table: orders}, states: {placed: {max: 1s, next: [paid]}, paid: {}}, duplicates: {key: request, interval: 200ms, within: 1d}, interval: 200ms}
- {name: numbered, source: {database: shop, table: numbered}, states: {placed: {max: 1s, next: [paid]}, paid: {}}, interval: 200ms}
- {name: typed, source: {database: shop, table: orders, columns: {since: request}}, states: {placed: {max: 1s, next: [paid]}, paid: {}}, interval: 200ms}
reconciliations:
- {name: payments, left: {database: shop, table: orders, columns: {key: id}}, right: {database: shop, table: payments, columns: {key: order_id}}, expect: exactly_one, grace: 200ms, interval: 200ms}
- {name: receipts, left: {database: shop, table: numbered, columns: {key: id}}, right: {database: shop, table: receipts, columns: {key: order_id}}, expect: exactly_one, grace: 200ms, interval: 200ms}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// withPlantedBrokers adds brokers to a config file.
func withPlantedBrokers(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rabbit := plantedRabbit(t)
	text = append(text, `kafka: [{name: shop, brokers: ["`+plantedKafka(t)+`"], topics: {include: [orders]}, order_id: key, objectives: [{max_age: 1s, absent_after: 1s}], interval: 200ms}]
rabbitmq: [{name: shop, url: "`+rabbit+`", prometheus_url: "`+rabbit+`", peek: true, order_id: message_id, interval: 200ms}]
sqs: [{name: shop, region: `+fakesqs.Region+`, endpoint: "`+plantedSQS(t)+`", interval: 200ms, cloudwatch: {enabled: false}}]
`...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// plantedKafka is a Kafka whose topic no group has read. Its records name orders in
// every part.
func plantedKafka(t *testing.T) (address string) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"))
	if err != nil {
		t.Fatalf("start embedded kafka: %v", err)
	}
	t.Cleanup(cluster.Close)
	address = cluster.ListenAddrs()[0]
	client, err := kgo.NewClient(kgo.SeedBrokers(address))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	record := &kgo.Record{
		Topic: "orders", Key: []byte(planted + "KEY"), Value: []byte(planted + "VALUE"), Timestamp: time.Now().Add(-time.Hour),
		Headers: []kgo.RecordHeader{{Key: "order", Value: []byte(planted + "HEADER")}},
	}
	if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	consumer, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumerGroup("billing"), kgo.ConsumeTopics("orders"), kgo.DisableAutoCommit())
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	if err := consumer.PollFetches(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	consumer.CommitOffsetsSync(t.Context(), map[string]map[int32]kgo.EpochOffset{"orders": {0: {Epoch: -1}}}, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, _ *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	return address
}

// withPlantedMemory adds a folder for the memory and a receiver of notifications to a config
// file. Both are returned: the folder, and what the receiver got.
func withPlantedMemory(t *testing.T, file string) (dir string, received *lockedBuffer) {
	t.Helper()
	received = new(lockedBuffer)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(received, r.Body)
	}))
	t.Cleanup(hook.Close)
	dir = filepath.Join(t.TempDir(), "memory")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, fmt.Sprintf("state: {dir: %q}\nalerting: {webhooks: [{url: %q}], order_ids: true, interval: 1s}\n", dir, hook.URL)...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, received
}

// contents are the files of a folder, by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
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
	file := shopOfPlantedIDs(t, shop)
	withPlantedBrokers(t, file)
	memory, notified := withPlantedMemory(t, file)
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
	forget := s.remember(t.Context(), f)
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
	wanted := []string{"outbox_stalled", "order_overdue", "order_unmatched", "order_duplicate", "dlq_filling", "consumer_absent"}
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
		for _, id := range []string{planted + "0", planted + "DEAD", planted + "KEY", strconv.Itoa(plantedNumber)} {
			if !strings.Contains(body, s.veil.Load().ID(id)) {
				missing = append(missing, "the hash of "+id)
			}
		}
		if !strings.Contains(notified.String(), s.veil.Load().ID(planted+"0")) {
			missing = append(missing, "a notification that names an order")
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
	var trails, errs bytes.Buffer
	for _, id := range []string{planted + "0", planted + "OUT", planted + "KEY", strconv.Itoa(plantedNumber)} {
		for _, more := range []string{"--no-json", "--json"} {
			if code := Main(t.Context(), []string{"explain", id, "--config.file=" + file, more}, &trails, &errs); code != 0 {
				t.Errorf("explain ends with %d: %s", code, errs.String())
			}
		}
		shown["the page of order "+s.veil.Load().ID(id)] = get("/orders/" + id)
		shown["the API on order "+s.veil.Load().ID(id)] = get("/api/v1/orders/" + id)
	}
	shown["explain"] = trails.String()
	s.manager.Stop()
	s.notifier.Stop()
	forget()
	stop()
	shown["the notifications"] = notified.String()
	files := contents(t, memory)
	if len(files[filepath.Join(memory, "lostorder.db")]) == 0 {
		t.Errorf("the memory has no file: %v", slices.Collect(maps.Keys(files)))
	}
	maps.Copy(shown, files)
	received := receiver.Received()
	if len(received.Spans) == 0 || len(received.Records) == 0 {
		t.Fatalf("%d spans and %d log records were sent", len(received.Spans), len(received.Records))
	}
	shown["OTLP"] = fmt.Sprint(received.Spans, received.Records, received.Metrics)
	shown["the log"] = log.String()
	var out bytes.Buffer
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
