package dashboards_test

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestKustomizationHasEveryDashboard, each in a ConfigMap of its own that kubectl
// can apply.
func TestKustomizationHasEveryDashboard(t *testing.T) {
	var k struct {
		Kind               string
		GeneratorOptions   struct{ Labels map[string]string } `yaml:"generatorOptions"`
		ConfigMapGenerator []struct {
			Name  string
			Files []string
		} `yaml:"configMapGenerator"`
	}
	load(t, "kustomization.yaml", &k)
	if k.Kind != "Kustomization" || k.GeneratorOptions.Labels["grafana_dashboard"] != "1" {
		t.Errorf("Grafana's sidecar would not find it: %+v", k)
	}
	maps := map[string]string{}
	for _, m := range k.ConfigMapGenerator {
		if len(m.Files) != 1 {
			t.Errorf("%s has the files %v", m.Name, m.Files)
			continue
		}
		maps[m.Files[0]] = m.Name
	}
	dashboards := all(t)
	if len(maps) != len(dashboards) {
		t.Errorf("%d ConfigMaps for %d dashboards", len(maps), len(dashboards))
	}
	for _, d := range dashboards {
		if maps[d.File] != *d.Model.Uid {
			t.Errorf("%s is in ConfigMap %q", d.File, maps[d.File])
		}
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 256<<10 {
			t.Errorf("%s has %d bytes, more than kubectl applies", d.File, len(text))
		}
	}
}

func TestProvisioningFilesAreGrafanas(t *testing.T) {
	var provider struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type string
			AllowUIUpdates     bool              `yaml:"allowUiUpdates"`
			Update             int               `yaml:"updateIntervalSeconds"`
			Options            map[string]string `yaml:"options"`
		}
	}
	load(t, "provisioning/dashboards/lostorder.yaml", &provider)
	if provider.APIVersion != 1 || len(provider.Providers) != 1 || provider.Providers[0].Type != "file" || provider.Providers[0].Options["path"] == "" {
		t.Errorf("dashboards: %+v", provider)
	}
	var source struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			JSONData                     struct {
				HTTPMethod   string `yaml:"httpMethod"`
				TimeInterval string `yaml:"timeInterval"`
				Exemplars    []struct {
					Name  string
					URL   string
					UID   string `yaml:"datasourceUid"`
					Label string `yaml:"urlDisplayLabel"`
				} `yaml:"exemplarTraceIdDestinations"`
			} `yaml:"jsonData"`
		}
	}
	load(t, "provisioning/datasources/prometheus.yaml", &source)
	if source.APIVersion != 1 || len(source.Datasources) != 1 || source.Datasources[0].Type != "prometheus" {
		t.Fatalf("data sources: %+v", source)
	}
	// The labels that exemplars have.
	names := map[string]bool{}
	for _, e := range source.Datasources[0].JSONData.Exemplars {
		names[e.Name] = e.UID != "" || strings.Contains(e.URL, "/findings/$${__value.raw}")
	}
	if !names["finding_id"] || !names["trace_id"] {
		t.Errorf("exemplars lead to neither the finding nor the trace: %+v", source)
	}
}

// load decodes a file strictly: a key that is not known here is an error.
func load(t *testing.T, file string, v any) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	dec := yaml.NewDecoder(f)
	dec.KnownFields(strings.HasPrefix(file, "provisioning/"))
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
