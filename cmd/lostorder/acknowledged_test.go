package main

import (
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

// TestAcknowledgedOrdersAreShownAndDoNotCount applies a config to a running service, as a
// reload does, with plain and with hashed ids.
func TestAcknowledgedOrdersAreShownAndDoNotCount(t *testing.T) {
	const shop = `
databases: [{name: shop, url: "sqlite:///nowhere/shop.db"}]
lifecycles: [{name: order, source: {database: shop, table: orders}, states: {placed: {max: 5m, next: [paid]}, paid: {}}, interval: 1h}]
`
	for name, privacy := range map[string]string{"plain": "", "hashed": "privacy: {order_ids: hash, salt: 0123456789abcdef}\n"} {
		t.Run(name, func(t *testing.T) {
			s := newService(slog.New(slog.DiscardHandler), web.External{})
			defer s.manager.Stop()
			apply := func(text string) {
				t.Helper()
				f, err := config.Parse("test.yml", []byte(privacy+shop+text), ".", builtin.Sections())
				if err != nil {
					t.Fatal(err)
				}
				s.apply(t.Context(), f)
			}
			report := func() {
				since := signal.InstantOf(time.Now().Add(-time.Hour))
				s.Report(signal.Report{
					TargetID: signal.TargetID{Collector: "orders", Target: "order"}, At: time.Now(), Interval: time.Second,
					Lifecycles: []signal.Lifecycle{{Name: "order", Database: "shop", States: []signal.State{{
						Name: "placed", Max: time.Minute, Orders: 2, Overdue: 2, Oldest: signal.Age{Since: since, Bound: signal.Measured},
						Sample: []signal.OrderRef{{ID: "A-1", Since: since}, {ID: "A-2", Since: since}},
					}}}},
				})
			}
			get := func(path string) string {
				w := httptest.NewRecorder()
				s.handler(nil, false, false).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				return w.Body.String()
			}
			apply("")
			report()
			if body := get("/api/v1/findings"); !strings.Contains(body, `"count": 2`) || strings.Contains(body, `"acknowledged"`) {
				t.Errorf("before: %s", body)
			}
			until := time.Now().Add(48 * time.Hour).UTC().Format(time.DateOnly)
			apply("acknowledged: [{lifecycle: order, orders: A-1, until: " + until + ", why: refunded by hand}]\n")
			report()
			body := get("/api/v1/findings")
			if !strings.Contains(body, `"acknowledged": [`) || !strings.Contains(body, `"why": "refunded by hand"`) || !strings.Contains(body, "1 is known and acknowledged") || !strings.Contains(body, `"total": 1`) {
				t.Errorf("with one acknowledged: %s", body)
			}
			if page := get("/"); !strings.Contains(page, "<h2>Acknowledged</h2>") || !strings.Contains(page, "refunded by hand") || !strings.Contains(page, "1 of 1 known") {
				t.Errorf("page: %s", page)
			}
			apply("acknowledged: [{lifecycle: order, orders: [A-1, " + s.veil.Load().ID("A-2") + "], until: " + until + ", why: refunded by hand}]\n")
			report()
			metrics := get("/metrics")
			if body := get("/api/v1/findings"); !strings.Contains(body, `"total": 0`) || !strings.Contains(body, `"known": 2`) {
				t.Errorf("with both acknowledged: %s", body)
			}
			if !strings.Contains(metrics, `lostorder_finding_acknowledged{mode="order_overdue",severity="critical",`) || strings.Contains(metrics, "lostorder_finding_affected{") {
				t.Errorf("metrics: %s", metrics)
			}
			if name == "hashed" {
				for _, text := range []string{get("/"), get("/api/v1/findings"), metrics} {
					if strings.Contains(text, "A-1") || strings.Contains(text, "A-2") {
						t.Errorf("an id is shown: %s", text)
					}
				}
			}
		})
	}
}
