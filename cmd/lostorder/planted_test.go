package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the shop's database

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/otlp/otlptest"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web"
)

// planted begins every id in the shop of the test, of orders and of rows.
const planted = "PLANTED-"

// shopOfPlantedIDs is a shop in which every source has something to report.
func shopOfPlantedIDs(t *testing.T) (file string) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, updated_at INTEGER, created_at INTEGER)",
		"CREATE INDEX by_state ON orders (state, updated_at)", "CREATE INDEX by_creation ON orders (created_at)",
		"CREATE TABLE outbox (id TEXT PRIMARY KEY, aggregate_id TEXT, status TEXT, created_at INTEGER)",
		"CREATE INDEX pending ON outbox (status, created_at)",
		"CREATE TABLE payments (order_id TEXT PRIMARY KEY, created_at INTEGER)", "CREATE INDEX by_payment ON payments (created_at)",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour).Unix()
	for i := range 5 {
		for _, statement := range []string{
			"INSERT INTO orders VALUES (?, 'placed', %[1]d, %[1]d)",
			"INSERT INTO outbox VALUES (?, 'PLANTED-OUT', 'PENDING', %[1]d)",
		} {
			if _, err := db.Exec(fmt.Sprintf(statement, old), fmt.Sprintf("%s%d", planted, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	file = filepath.Join(dir, "lostorder.yml")
	text := `privacy: {order_ids: hash, salt: 0123456789abcdef}
databases: [{name: shop, url: "sqlite://` + path + `"}]
outboxes: [{name: events, database: shop, table: outbox, columns: {order_id: aggregate_id}, pending: "status = 'PENDING'", max_age: 1s, interval: 200ms}]
lifecycles: [{name: order, source: {database: shop, table: orders}, states: {placed: {max: 1s, next: [paid]}, paid: {}}, interval: 200ms}]
reconciliations: [{name: payments, left: {database: shop, table: orders, columns: {key: id}}, right: {database: shop, table: payments, columns: {key: order_id}}, expect: exactly_one, grace: 200ms, interval: 200ms}]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
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
	file := shopOfPlantedIDs(t)
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
	wanted := []string{"outbox_stalled", "order_overdue", "order_unmatched"}
	var findings struct {
		Findings []struct{ ID, Mode string }
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err := json.Unmarshal([]byte(get("/api/v1/findings")), &findings); err != nil {
			t.Fatal(err)
		}
		missing := slices.DeleteFunc(slices.Clone(wanted), func(mode string) bool {
			return slices.ContainsFunc(findings.Findings, func(f struct{ ID, Mode string }) bool { return f.Mode == mode })
		})
		if len(missing) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no finding of %v; the log: %s", missing, log.String())
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
	var out, errs bytes.Buffer
	Main(t.Context(), []string{"check", "--config.file=" + file}, &out, &errs)
	Main(t.Context(), []string{"check", "--json", "--config.file=" + file}, &out, &errs)
	shown["check"] = out.String() + errs.String()
	for where, text := range shown {
		if i := strings.Index(text, planted); i >= 0 {
			t.Errorf("%s shows an id: …%s…", where, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	if hash := s.veil.Load().ID(planted + "0"); !strings.Contains(shown["/api/v1/findings?state=all"], hash) {
		t.Errorf("the API does not show the hash of an order")
	}
}
