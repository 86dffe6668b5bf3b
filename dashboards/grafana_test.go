//go:build integration

package dashboards_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/dashboards"
)

// grafanas are the major versions of Grafana that a dashboard can be imported in.
var grafanas = []string{"11", "12", "13"}

// optionTypes are Grafana's types for the options of each kind of panel.
var optionTypes = map[string]string{
	"heatmap":        "heatmap/panelcfg/x/HeatmapPanelCfg",
	"stat":           "stat/panelcfg/x/StatPanelCfg",
	"state-timeline": "statetimeline/panelcfg/x/StateTimelinePanelCfg",
	"table":          "table/panelcfg/x/TablePanelCfg",
	"timeseries":     "timeseries/panelcfg/x/TimeSeriesPanelCfg",
}

// TestRealGrafanaSchemasAcceptEveryDashboard checks each file with the types that Grafana
// publishes for each of its versions: the dashboard, its annotations and variables, and
// the options of each panel. It found lists of ids that Go had written as base64.
func TestRealGrafanaSchemasAcceptEveryDashboard(t *testing.T) {
	schemas := installSchemas(t)
	for _, version := range grafanas {
		t.Run("Grafana "+version, func(t *testing.T) {
			t.Parallel()
			sources := map[string]string{}
			for _, d := range all(t) {
				text, err := os.ReadFile(d.File)
				if err != nil {
					t.Fatal(err)
				}
				sources[d.File] = typed(t, &d, string(text))
			}
			if complaints := compile(t, schemas, version, sources); complaints != "" {
				t.Error(complaints)
			}
		})
	}
}

// TestRealGrafanaSchemasRefuseWhatGrafanaDoesNotKnow: the check above would be none if
// these passed.
func TestRealGrafanaSchemasRefuseWhatGrafanaDoesNotKnow(t *testing.T) {
	schemas := installSchemas(t)
	d := all(t)[0]
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for name, change := range map[string][2]string{
		"ids as text":          {`"ids": [`, `"ids": "fQ==", "others": [`},
		"unknown field":        {`"schemaVersion"`, `"schemaVersoin": 42, "schemaVersion"`},
		"unknown panel option": {`"graphMode"`, `"graphModus": "none", "graphMode"`},
		"unknown value":        {`"mode": "thresholds"`, `"mode": "treshholds"`},
	} {
		broken := strings.Replace(string(text), change[0], change[1], 1)
		if broken == string(text) {
			t.Fatalf("%s: %s is not there", name, change[0])
		}
		var changed dashboards.Dashboard
		if err := json.Unmarshal(text, &changed.Model); err != nil {
			t.Fatal(err)
		}
		sources[name] = typed(t, &changed, broken)
	}
	complaints := compile(t, schemas, grafanas[len(grafanas)-1], sources)
	for name := range sources {
		if !strings.Contains(complaints, name+".ts(") {
			t.Errorf("%s is let through; the complaints are\n%s", name, complaints)
		}
	}
}

// installSchemas brings the packages of testdata/grafana into the user's cache, and
// returns where they are.
func installSchemas(t *testing.T) string {
	t.Helper()
	lock, err := os.ReadFile("testdata/grafana/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "lostorder", fmt.Sprintf("grafana-schemas-%.6x", sha256.Sum256(lock)))
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "grafana-schemas-") //nolint:usetesting // it is renamed, which must stay on one file system
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(fresh) })
	if err := os.CopyFS(fresh, os.DirFS("testdata/grafana")); err != nil {
		t.Fatal(err)
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = fresh
	if said, err := install.CombinedOutput(); err != nil {
		t.Fatalf("install the schemas of Grafana (this needs npm and its registry): %v\n%s", err, said)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		} // another run was faster
	}
	return dir
}

// typed returns a dashboard as TypeScript that states which type each part of it has.
func typed(t *testing.T, d *dashboards.Dashboard, text string) string {
	t.Helper()
	var file struct {
		Panels []json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "import type { Dashboard, Plain } from './dashboard';\nexport const dashboard: Dashboard = %s;\n", text)
	n := 0
	var add func(list []json.RawMessage)
	add = func(list []json.RawMessage) {
		for _, raw := range list {
			var p struct {
				Type        string
				Panels      []json.RawMessage
				Options     json.RawMessage
				FieldConfig struct {
					Defaults struct{ Custom json.RawMessage }
				}
			}
			if err := json.Unmarshal(raw, &p); err != nil {
				t.Fatal(err)
			}
			if p.Type == "row" {
				add(p.Panels)
				continue
			}
			types, known := optionTypes[p.Type]
			if !known {
				t.Fatalf("%s: add the type of the options of a panel of type %q", d.File, p.Type)
			}
			n++
			fmt.Fprintf(&b, "import type * as Panel%d from '@grafana/schema/dist/esm/raw/composable/%s_types.gen';\n", n, types)
			fmt.Fprintf(&b, "export const options%d: Plain<Panel%[1]d.Options> = %s;\n", n, p.Options)
			if custom := p.FieldConfig.Defaults.Custom; custom != nil {
				fmt.Fprintf(&b, "export const custom%d: Plain<Panel%[1]d.FieldConfig> = %s;\n", n, custom)
			}
		}
	}
	add(file.Panels)
	if n == 0 {
		t.Fatalf("%s: there is no panel", d.File)
	}
	return b.String()
}

// compile returns what TypeScript says of sources, by the names of their files without .ts.
func compile(t *testing.T, schemas, version string, sources map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	grafana := filepath.Join(schemas, "node_modules", "grafana-"+version)
	files := map[string]string{"tsconfig.json": fmt.Sprintf(`{"include": ["*.ts"], "compilerOptions": {
		"strict": true, "noEmit": true, "skipLibCheck": true, "types": [],
		"module": "esnext", "target": "es2022", "moduleResolution": "bundler",
		"paths": {"@grafana/schema": [%q], "@grafana/schema/*": [%q]}}}`, grafana, grafana+"/*")}
	types, err := os.ReadFile("testdata/grafana/dashboard.ts")
	if err != nil {
		t.Fatal(err)
	}
	files["dashboard.ts"] = string(types)
	for name, text := range sources {
		files[name+".ts"] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := exec.Command(filepath.Join(schemas, "node_modules", ".bin", "tsc"), "--project", dir)
	check.Dir = dir
	said, err := check.CombinedOutput()
	if err == nil {
		return ""
	}
	if len(said) == 0 {
		t.Fatalf("run the TypeScript compiler: %v", err)
	}
	return string(said)
}
