//go:build integration

package dashboards_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/dashboards"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestRealAmountAndOrdersAreOnePhrase(t *testing.T) {
	now := time.Now()
	finding := func(id string, coverage signal.Coverage, amounts ...signal.Amount) signal.Finding {
		return signal.Finding{
			ID: id, Mode: signal.OrderOverdue, Severity: signal.Critical, Count: 1, Target: signal.TargetID{Collector: "orders", Target: "shop"},
			Since: now.Add(-time.Hour), DetectedAt: now.Add(-time.Hour), Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: id},
			AtStake: signal.Stake{Amounts: amounts, Coverage: coverage},
		}
	}
	open := []signal.Finding{
		finding("aaaaaa", signal.CoversAll, signal.Amount{Currency: "EUR", Value: "18000.4", Orders: 130}, signal.Amount{Currency: "USD", Value: "7", Orders: 1}),
		finding("bbbbbb", signal.CoversAll, signal.Amount{Currency: "EUR", Value: "240.1", Orders: 2}),
		finding("cccccc", signal.CoversCounted, signal.Amount{Currency: "GBP", Value: "1234567890.12", Orders: 1000}),
		finding("dddddd", signal.CoversSample, signal.Amount{Currency: "CHF", Value: "999", Orders: 11}),
	}
	e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot {
		return &watch.Snapshot{Version: 1, Ready: true, Open: open, Targets: []watch.Target{{
			ID: signal.TargetID{Collector: "orders", Target: "shop"}, Interval: time.Minute, Up: true, Attempt: now, Success: now, Reading: &signal.Report{At: now},
		}}}
	}})
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	p := startPrometheus(t, "exemplar-storage", strings.TrimPrefix(server.URL, "http://"))
	p.waitFor(`count_over_time(up{job="lostorder"}[1m]) > 5`)
	dashes := all(t)
	first := dashes[slices.IndexFunc(dashes, func(d dashboards.Dashboard) bool { return d.File == "losing-orders.json" })]
	var phrases []string
	for _, panel := range panels(&first) {
		if *panel.Title != "At stake" {
			continue
		}
		for _, s := range p.at(t, choice{"job": "lostorder", "team": ".*"}.expand(targets(t, panel)[0].Expr, time.Minute), time.Now()) {
			phrases = append(phrases, s.Metric["stake"])
		}
	}
	slices.Sort(phrases)
	want := []string{"$ 7.00 in 1 order", "CHF 999.00 in 11 orders of the sample", "at least £ 1,234,567,890.12 in 1000 orders", "€ 18,240.50 in 132 orders"}
	if !slices.Equal(phrases, want) {
		t.Errorf("at stake are %q, want %q", phrases, want)
	}
}
