// Package test tests the project as a whole.
package test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/dashboards"
	"github.com/lostorder/lostorder/internal/demo"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
)

// metricOf names the metric that shows a failure mode before and beside its finding.
var metricOf = map[signal.Mode]string{
	signal.OutboxStalled:      "lostorder_outbox_oldest_pending_age_seconds",
	signal.MessageLost:        "lostorder_queue_lost_messages_total",
	signal.ConsumerAbsent:     "lostorder_queue_consumers",
	signal.ConsumerStalled:    "lostorder_queue_oldest_message_age_seconds",
	signal.BacklogGrowing:     "lostorder_queue_messages",
	signal.MessageOverdue:     "lostorder_queue_oldest_message_age_seconds",
	signal.MessageExpiring:    "lostorder_queue_time_to_loss_seconds",
	signal.RetryLoop:          "lostorder_queue_redelivered_messages_total",
	signal.DLQMissing:         "lostorder_queue_dlq_configured",
	signal.DLQFilling:         "lostorder_dlq_messages",
	signal.OrderOverdue:       "lostorder_orders_overdue",
	signal.OrderUnmatched:     "lostorder_reconciliation_mismatches",
	signal.EffectDuplicate:    "lostorder_reconciliation_mismatches",
	signal.OrderConflict:      "lostorder_orders_in_conflict",
	signal.OrderStateUnknown:  "lostorder_orders_undeclared",
	signal.OrderDuplicate:     "lostorder_orders_duplicated",
	signal.SagaStuck:          "lostorder_orders_overdue",
	signal.CompensationFailed: "lostorder_orders_in_conflict",
	signal.ReplicaDivergence:  "lostorder_reconciliation_mismatches",
	signal.EventMissing:       "lostorder_reconciliation_mismatches",
}

// TestEveryFailureModeIsComplete checks that every failure mode has all its companions
// under one id.
func TestEveryFailureModeIsComplete(t *testing.T) {
	if len(detect.Decisions()) == 0 {
		t.Fatal("there is no failure mode")
	}
	readme := read(t, "../README.md")
	alerts := rules(t, "../alerts/*.yml")
	panels := panelTitles(t)
	for _, d := range detect.Decisions() {
		t.Run(string(d.Mode), func(t *testing.T) {
			file := filepath.Join("../internal/detect", string(d.Mode)+".go")
			if !strings.Contains(read(t, file), "signal."+constant(t, d.Mode)) {
				t.Errorf("decision: %s does not decide it", file)
			}
			if d.Description == "" || d.BenignTwin == "" {
				t.Error("decision: it lacks its meaning or its benign twin")
			}
			if !slices.ContainsFunc(telemetry.Metrics(), func(m telemetry.Metric) bool { return m.Name == metricOf[d.Mode] }) {
				t.Errorf("metric: %q is not exported", metricOf[d.Mode])
			}
			i := slices.IndexFunc(demo.Drills(), func(drill demo.Drill) bool { return drill.Mode == d.Mode })
			if i < 0 {
				t.Fatal("demo: no fault injects it")
			}
			if drill := demo.Drills()[i]; drill.Fault == "" || drill.Benign == "" {
				t.Errorf("demo: the fault or its benign twin is missing: %+v", drill)
			}
			if !slices.ContainsFunc(alerts, func(r rule) bool { return modeOf(t, &r) == d.Mode }) {
				t.Error("alert: none in alerts/*.yml is made of finding:lostorder_finding_affected:max of this mode")
			}
			if page := filepath.Join("../alerts/runbooks", string(d.Mode)+".md"); !exists(page) {
				t.Errorf("runbook: there is no %s", page)
			}
			if !slices.ContainsFunc(panels, func(title string) bool { return strings.HasPrefix(title, string(d.Mode)+": ") }) {
				t.Error("panel: no dashboard has one; add an entry to dashboards/modes.go and run make dashboards")
			}
			if !strings.Contains(readme, "`"+string(d.Mode)+"`") {
				t.Error("README: the table of failure modes lacks it")
			}
		})
	}
}

// panelTitles returns the titles of all panels of all dashboards.
func panelTitles(t *testing.T) (titles []string) {
	all, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		for _, p := range d.Model.Panels {
			if p.Panel != nil {
				titles = append(titles, *p.Panel.Title)
			}
		}
	}
	return titles
}

// constant returns the name of the constant of a mode in package signal.
func constant(t *testing.T, mode signal.Mode) string {
	for line := range strings.Lines(read(t, "../internal/signal/mode.go")) {
		if strings.Contains(line, `Mode = "`+string(mode)+`"`) {
			return strings.Fields(line)[0]
		}
	}
	t.Fatalf("signal: %s has no constant", mode)
	return ""
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
