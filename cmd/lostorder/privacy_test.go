package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web"
)

// TestNoOrderIDIsShownWhereTheyAreHashed checks every place that shows a finding.
func TestNoOrderIDIsShownWhereTheyAreHashed(t *testing.T) {
	f, err := config.Parse("test.yml", []byte("privacy: {order_ids: hash, salt: 0123456789abcdef}\n"), ".", builtin.Sections())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := newService(slog.New(slog.NewTextHandler(&log, nil)), web.External{})
	s.apply(t.Context(), f)
	defer s.manager.Stop()
	since := signal.InstantOf(time.Now().Add(-time.Hour))
	s.Report(signal.Report{
		TargetID: signal.TargetID{Collector: "orders", Target: "order"}, At: time.Now(), Interval: time.Second,
		Lifecycles: []signal.Lifecycle{{Name: "order", Database: "shop", States: []signal.State{{
			Name: "placed", Max: time.Minute, Orders: 1, Overdue: 1,
			Oldest: signal.Age{Since: since, Bound: signal.Measured}, Sample: []signal.OrderRef{{ID: "A-1017", Since: since}},
		}}}},
	})
	shown := map[string]string{"log": log.String()}
	handler := s.handler(nil, false, false)
	var answer struct{ Findings []struct{ ID string } }
	for _, path := range []string{"/api/v1/findings", "/", "/metrics"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		shown[path] = w.Body.String()
	}
	if err := json.Unmarshal([]byte(shown["/api/v1/findings"]), &answer); err != nil || len(answer.Findings) != 1 {
		t.Fatalf("findings: %v %s", err, shown["/api/v1/findings"])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/findings/"+answer.Findings[0].ID, nil))
	shown["page"] = w.Body.String()
	for where, text := range shown {
		if strings.Contains(text, "A-1017") {
			t.Errorf("%s shows the order: %s", where, text)
		}
		if where != "/metrics" && !strings.Contains(text, s.veil.Load().ID("A-1017")) {
			t.Errorf("%s does not show its hash: %s", where, text)
		}
	}
}
