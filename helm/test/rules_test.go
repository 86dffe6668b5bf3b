package test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the files that are generated")

// copies are the folders whose files are in the chart as they are: a chart holds what it installs.
var copies = map[string]string{"../../rules/*.yml": "rules", "../../alerts/*.yml": "alerts", "../../dashboards/*.json": "dashboards"}

func TestFilesOfTheChartAreCurrent(t *testing.T) {
	for pattern, name := range copies {
		target := filepath.Join(chartDir, "files", name)
		sources, err := filepath.Glob(pattern)
		if err != nil || len(sources) == 0 {
			t.Fatal(pattern, err)
		}
		if *update {
			if err := os.RemoveAll(target); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(target, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, source := range sources {
			want, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(target, filepath.Base(source))
			if *update {
				if err := os.WriteFile(path, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
				t.Errorf("%s is not %s; run make generate", path, source)
			}
		}
		if there, _ := filepath.Glob(target + "/*"); len(there) != len(sources) {
			t.Errorf("%s has %d files, its source %d; run make generate", target, len(there), len(sources))
		}
	}
}

// plain is a file of rules as JSON has it, without the types of the operator.
func plain(t *testing.T, text []byte) (groups []any) {
	t.Helper()
	var file struct{ Groups []any }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Groups
}

func TestRulesWithoutChangesAreThoseOfTheFiles(t *testing.T) {
	var want []any
	for _, pattern := range []string{"../../alerts/*.yml", "../../rules/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, plain(t, text)...)
		}
	}
	for _, m := range rendered(t, values(t, chartDir+"/ci/deployment-state-values.yaml")) {
		if object(t, m).Kind != "PrometheusRule" {
			continue
		}
		var got struct{ Spec struct{ Groups []any } }
		if err := yaml.Unmarshal([]byte(m), &got); err != nil {
			t.Fatal(err)
		}
		if len(want) < 10 || !reflect.DeepEqual(got.Spec.Groups, want) {
			a, _ := json.Marshal(got.Spec.Groups)
			b, _ := json.Marshal(want)
			t.Errorf("the chart has\n%s\nthe files have\n%s", a, b)
		}
		return
	}
	t.Error("there is no PrometheusRule")
}

func TestAlertsChangeAsTheValuesSay(t *testing.T) {
	alerts := map[string]monitoring.Rule{}
	for _, m := range rendered(t, values(t, chartDir+"/ci/deployment-everything-values.yaml")) {
		if r, ok := decode(t, m).(*monitoring.PrometheusRule); ok {
			for _, g := range r.Spec.Groups {
				for _, rule := range g.Rules {
					if rule.Alert != "" {
						alerts[rule.Alert] = rule
					} else if rule.Labels["team"] != "" {
						t.Errorf("%s: a recording rule got the labels of alerts", rule.Record)
					}
				}
			}
		}
	}
	if _, there := alerts["LostorderDLQMissing"]; there || len(alerts) < 20 {
		t.Errorf("an alert that is switched off is there, or others are gone: %d", len(alerts))
	}
	lost := alerts["LostorderMessageLost"]
	want := map[string]string{"severity": "warning", "page": "false", "team": "orders"}
	if !reflect.DeepEqual(lost.Labels, want) || lost.KeepFiringFor == nil || *lost.KeepFiringFor != "10m" {
		t.Errorf("LostorderMessageLost: %v, %v", lost.Labels, lost.KeepFiringFor)
	}
	if down := alerts["LostorderTargetDown"]; *down.For != "15m" || down.Labels["severity"] != "warning" || down.Labels["team"] != "orders" {
		t.Errorf("LostorderTargetDown: %v, %v", *down.For, down.Labels)
	}
}
