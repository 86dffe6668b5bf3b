package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web"
)

// hostileText clears a terminal, changes its title, and turns the direction of writing.
const hostileText = "\x1b[2J\x1b]0;owned\a\u202e\u009b31m\x00\r\nfake line"

// safe fails the test where a text has what a terminal interprets.
func safe(t *testing.T, where, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is not UTF-8: %q", where, text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' && r != '\t' }); i >= 0 {
		t.Errorf("%s has %q", where, text[max(0, i-40):min(len(text), i+20)])
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "fake line") {
			t.Errorf("%s has a line from outside: %q", where, text)
		}
	}
}

// TestTextFromOutsideIsSafeOnEverySurface reports hostile names, ids and errors, and
// reads everything that shows them.
func TestTextFromOutsideIsSafeOnEverySurface(t *testing.T) {
	f, err := config.Parse("test.yml", []byte("privacy: {}\n"), ".", builtin.Sections())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := newService(slog.New(untrusted.Log(slog.NewJSONHandler(&log, nil))), web.External{})
	s.apply(t.Context(), f)
	defer s.manager.Stop()
	since := signal.InstantOf(time.Now().Add(-time.Hour))
	queue := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: "orders" + hostileText})
	queue.Ready, queue.Consumers = 3, 0
	queue.Oldest = signal.Age{Since: since, Bound: signal.Measured}
	queue.Objective = signal.Objective{MaxAge: time.Minute, AbsentAfter: time.Minute}
	s.Report(signal.Report{
		TargetID: signal.TargetID{Collector: "rabbitmq", Target: "main"}, At: time.Now(), Interval: time.Second,
		Queues: []signal.Queue{queue},
		Lifecycles: []signal.Lifecycle{{Name: "order", Database: "shop", States: []signal.State{{
			Name: "placed" + hostileText, Max: time.Minute, Orders: 1, Overdue: 1, Oldest: signal.Age{Since: since, Bound: signal.Measured},
			Sample: []signal.OrderRef{{ID: hostileText + strings.Repeat("9", 10_000), Since: since}},
		}}}},
		Warnings: []string{"queue " + hostileText}, Err: fmt.Errorf("read: %s", hostileText),
	})
	server := httptest.NewServer(s.handler(nil, false, false))
	defer server.Close()
	get := func(path string) string {
		response, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(response.Body); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var answer struct {
		Findings []struct {
			ID       string
			OrderIDs []string `json:"order_ids"`
		}
	}
	if err := json.Unmarshal([]byte(get("/api/v1/findings")), &answer); err != nil || len(answer.Findings) == 0 {
		t.Fatalf("findings: %+v %v", answer, err)
	}
	if ids := answer.Findings[0].OrderIDs; len(ids) != 1 || len(ids[0]) > untrusted.LongestID {
		t.Errorf("the finding names %d orders: %.300q", len(ids), ids)
	}
	for _, path := range []string{
		"/", "/metrics", "/api/v1/findings", "/api/v1/targets", "/findings/" + answer.Findings[0].ID, "/findings/%1B%5B2J",
		"/api/v1/findings?state=%1B%5B2J%E2%80%AE", "/api/v1/findings/%1B%E2%80%AE", "/api/nothing%E2%80%AE",
	} {
		text := get(path)
		safe(t, path, text)
		var decoded any // JSON may write an escape sequence in its own way
		if json.Unmarshal([]byte(text), &decoded) == nil && strings.HasPrefix(path, "/api") {
			safe(t, path+" decoded", fmt.Sprint(decoded))
		}
	}
	safe(t, "the log", log.String())
	for _, args := range [][]string{{"findings"}, {"findings", "--json"}, {"findings", answer.Findings[0].ID}} {
		var out, errs bytes.Buffer
		if code := Main(t.Context(), append(args, "--url="+server.URL), &out, &errs); code != 0 {
			t.Errorf("%s: code %d: %s", args, code, errs.String())
		}
		safe(t, fmt.Sprint(args), out.String()+errs.String())
	}
}

// TestFindingsShowsNoEscapeSequenceOfAnotherServer asks one that is not lostorder.
func TestFindingsShowsNoEscapeSequenceOfAnotherServer(t *testing.T) {
	quoted, err := json.Marshal(hostileText)
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]func(w http.ResponseWriter){
		"an answer": func(w http.ResponseWriter) {
			fmt.Fprintf(w, `{"verdict": {"level": "lost", "label": %[1]s, "text": %[1]s, "sight": %[1]s}, "findings": [{"id": "abc", "mode": %[1]s, "severity": %[1]s,
				"subject": %[1]s, "target": %[1]s, "order_ids": [%[1]s], "count": 3, "evidence": {%[1]s: %[1]s}, "runbook_url": %[1]s, "trace_id": %[1]s, "url": %[1]s}]}`, quoted)
		},
		"an error": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"detail": %s}`, quoted)
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
		for _, args := range [][]string{{"findings"}, {"findings", "abc"}, {"findings", "--json"}} {
			var out, errs bytes.Buffer
			Main(t.Context(), append(args, "--url="+server.URL), &out, &errs)
			safe(t, name+" to "+fmt.Sprint(args), out.String()+errs.String())
			if out.Len()+errs.Len() == 0 {
				t.Errorf("%s: nothing is shown", name)
			}
		}
		server.Close()
	}
}

// TestCheckShowsNoEscapeSequenceOfARow checks an order table whose ids and states are hostile.
func TestCheckShowsNoEscapeSequenceOfARow(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, updated_at INTEGER, \"col\x1b[31m\" TEXT)",
		"CREATE INDEX by_state ON orders (state, updated_at)",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, state := range []string{"placed", hostileText} {
		if _, err := db.Exec("INSERT INTO orders VALUES (?, ?, ?, '')", hostileText+state, state, time.Now().Add(-time.Hour).Unix()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("INSERT INTO orders VALUES ('A-1017', ?, ?, '')", hostileText, time.Now().Unix()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "lostorder.yml")
	text := "databases: [{name: shop, url: \"sqlite://" + path + "\"}]\n" +
		"lifecycles:\n- {name: order, source: {database: shop, table: orders}, states: {placed: {max: 1s, next: [paid]}, paid: {}}}\n" +
		"- {name: none, source: {database: shop, table: orders, columns: {order_id: nothing}}, states: {placed: {max: 1s, next: [paid]}, paid: {}}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"explain"}, {"explain", "--json"}} {
		var out, errs bytes.Buffer
		Main(t.Context(), append(args, "--config.file="+file, "A-1017"), &out, &errs)
		safe(t, fmt.Sprint(args), out.String()+errs.String())
		if !strings.Contains(out.String(), "owned") {
			t.Errorf("%s does not tell of the order: %s%s", args, out.String(), errs.String())
		}
	}
	for _, args := range [][]string{{"check"}, {"check", "--json"}} {
		var out, errs bytes.Buffer
		Main(t.Context(), append(args, "--config.file="+file), &out, &errs)
		safe(t, args[len(args)-1], out.String()+errs.String())
		if !strings.Contains(out.String(), "owned") || !strings.Contains(out.String(), "31m") {
			t.Errorf("the check does not tell of the state and the column: %s", out.String())
		}
	}
}
