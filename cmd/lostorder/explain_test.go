package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/web"
	"github.com/lostorder/lostorder/internal/web/api"
)

// stuckOrder makes a shop with one paid order whose event is pending, and a config file.
func stuckOrder(t *testing.T, more string) (file string) {
	t.Helper()
	s := databasetest.SQLite(t)
	s.Run(t, "CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT, updated_at TEXT)", "CREATE TABLE outbox (id INTEGER PRIMARY KEY, aggregate_id TEXT, created_at TEXT, published_at TEXT)",
		"INSERT INTO orders VALUES ('A-1017', 'paid', "+s.Ago(2*time.Hour)+")", "INSERT INTO outbox VALUES (8812, 'A-1017', "+s.Ago(2*time.Hour)+", NULL)")
	file = filepath.Join(t.TempDir(), "lostorder.yml")
	text := "databases: [{name: shop, url: '" + s.URL + "'}]\n" +
		"outboxes: [{name: orders, database: shop, table: outbox, columns: {order_id: aggregate_id, published_at: published_at}}]\n" +
		"lifecycles: [{name: order, source: {database: shop, table: orders}, states: {paid: {max: 1h, next: shipped}, shipped: {}}}]\n" + more
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestExplainSearchesFromHereOrAsksARunningLostorder, and both say the same.
func TestExplainSearchesFromHereOrAsksARunningLostorder(t *testing.T) {
	file := stuckOrder(t, "")
	f, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newService(slog.New(slog.DiscardHandler), web.External{})
	s.apply(t.Context(), f)
	defer s.manager.Stop()
	server := httptest.NewServer(s.handler(nil, false, false))
	defer server.Close()
	for sentence, from := range map[string]string{"from here": "--config.file=" + file, "a running lostorder": "--url=" + server.URL} {
		t.Run(sentence, func(t *testing.T) {
			var out, wrong bytes.Buffer
			if code := Main(t.Context(), []string{"explain", "A-1017", from}, &out, &wrong); code != 0 {
				t.Fatalf("code %d: %s", code, wrong.String())
			}
			for _, want := range []string{"Order A-1017\n", "It is in state paid since", "shop · outbox", "event was written to outbox orders (8812)", "leaves state paid for shipped", "overdue"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
			out.Reset()
			if code := Main(t.Context(), []string{"explain", "A-1017", "--json", from}, &out, &wrong); code != 0 {
				t.Fatalf("code %d: %s", code, wrong.String())
			}
			var order api.Order
			if err := json.Unmarshal(out.Bytes(), &order); err != nil || order.ID != "A-1017" || len(order.Events) != 2 || len(order.Expected) != 2 {
				t.Errorf("%v: %s", err, out.String())
			}
		})
	}
}

func TestExplainNamesNoOrderWhereIdsAreHashed(t *testing.T) {
	file := stuckOrder(t, "privacy: {order_ids: hash, salt: 0123456789abcdef}\n")
	var out, wrong bytes.Buffer
	if code := Main(t.Context(), []string{"explain", "A-1017", "--config.file=" + file}, &out, &wrong); code != 0 {
		t.Fatalf("code %d: %s", code, wrong.String())
	}
	if strings.Contains(out.String(), "A-1017") || strings.Contains(out.String(), "8812") || !strings.Contains(out.String(), "(hash)\nIt is in state paid") {
		t.Errorf("prints %s", out.String())
	}
}

func TestExplainSaysHowElseWhenNoLostorderAnswers(t *testing.T) {
	var out, wrong bytes.Buffer
	if code := Main(t.Context(), []string{"explain", "A-1017", "--url=http://127.0.0.1:1"}, &out, &wrong); code != 1 || !strings.Contains(wrong.String(), "with --config.file=lostorder.yml no running lostorder is asked") {
		t.Errorf("code %d: %s", code, wrong.String())
	}
}
