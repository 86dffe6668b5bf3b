// Package test tests the project as a whole.
package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/dashboards"
	"github.com/lostorder/lostorder/internal/demo"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
)

// TestEveryFailureModeIsComplete checks that every failure mode has all its companions
// under one id.
func TestEveryFailureModeIsComplete(t *testing.T) {
	if len(detect.Decisions()) == 0 {
		t.Fatal("there is no failure mode")
	}
	readme := read(t, "../README.md")
	alerts := rules(t, "../alerts/*.yml")
	panels := modePanels(t)
	for _, d := range detect.Decisions() {
		t.Run(string(d.Mode), func(t *testing.T) {
			file := filepath.Join("../internal/detect", string(d.Mode)+".go")
			if !strings.Contains(read(t, file), "signal."+constant(t, d.Mode)) {
				t.Errorf("decision: %s does not decide it", file)
			}
			if d.Description == "" || d.BenignTwin == "" {
				t.Error("decision: it lacks its meaning or its benign twin")
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
			switch evidence, is := panels[d.Mode]; {
			case !is:
				t.Error("panel: no dashboard has one; add an entry to dashboards/modes.go and run make generate")
			case !slices.ContainsFunc(telemetry.Metrics(), func(m telemetry.Metric) bool { return slices.Contains(evidence, m.Name) }):
				t.Errorf("metric: none that is exported shows it before and beside its finding; its panel has %q", evidence)
			}
			if !strings.Contains(readme, "`"+string(d.Mode)+"`") {
				t.Error("README: the table of failure modes lacks it")
			}
		})
	}
}

var (
	series = regexp.MustCompile(`lostorder_[a-z_]+`)
	// ofFindings are the metrics of a finding itself, which every mode has.
	ofFindings = regexp.MustCompile(`^lostorder_finding`)
)

// modePanels returns the metrics of the evidence on the panel of each failure mode.
func modePanels(t *testing.T) map[signal.Mode][]string {
	all, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	evidence := map[signal.Mode][]string{}
	for _, d := range all {
		for _, p := range d.Model.Panels {
			if p.Panel == nil {
				continue
			}
			mode, _, is := strings.Cut(*p.Panel.Title, ": ")
			if !is {
				continue
			}
			queries, err := json.Marshal(p.Panel.Targets)
			if err != nil {
				t.Fatal(err)
			}
			metrics := series.FindAllString(string(queries), -1)
			evidence[signal.Mode(mode)] = slices.DeleteFunc(metrics, ofFindings.MatchString)
		}
	}
	return evidence
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
