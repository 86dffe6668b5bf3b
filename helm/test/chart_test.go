// Package test checks the chart with Helm's own packages and with the types of Kubernetes and the Prometheus operator.
package test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

const chartDir = "../lostorder"

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// render returns the manifests of a chart by the file they come from, as helm template does.
func render(c *chart.Chart, values map[string]any, version string) (map[string]string, error) {
	capabilities := chartutil.DefaultCapabilities.Copy()
	parsed, err := chartutil.ParseKubeVersion(version)
	if err != nil {
		return nil, err
	}
	capabilities.KubeVersion = *parsed
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "shop", Namespace: "orders", Revision: 1, IsInstall: true}, capabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, all)
}

// manifests returns the single objects of what was rendered, in a fixed order.
func manifests(rendered map[string]string) []string {
	var all []string
	for _, path := range slices.Sorted(maps.Keys(rendered)) {
		if strings.HasSuffix(path, ".txt") {
			continue
		}
		split := releaseutil.SplitManifests(rendered[path])
		for _, key := range slices.Sorted(maps.Keys(split)) {
			if text := strings.TrimSpace(split[key]); text != "" {
				all = append(all, text)
			}
		}
	}
	return all
}

func values(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// each runs a test with every file of values of the matrix.
func each(t *testing.T, test func(t *testing.T, values map[string]any)) {
	t.Helper()
	files, err := filepath.Glob(chartDir + "/ci/*-values.yaml")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), "-values.yaml"), func(t *testing.T) { test(t, values(t, file)) })
	}
}

func rendered(t *testing.T, v map[string]any) []string {
	t.Helper()
	files, err := render(load(t), v, "v1.34.0")
	if err != nil {
		t.Fatal(err)
	}
	return manifests(files)
}

func TestHelmLintFindsNothing(t *testing.T) {
	each(t, func(t *testing.T, v map[string]any) {
		result := lint.AllWithKubeVersion(chartDir, v, "orders", nil)
		for _, m := range result.Messages {
			if m.Severity > support.InfoSev {
				t.Error(m)
			}
		}
	})
}

func TestNotesSayWhatToDoNextInFiveLines(t *testing.T) {
	each(t, func(t *testing.T, v map[string]any) {
		files, err := render(load(t), v, "v1.34.0")
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.TrimSpace(files["lostorder/templates/NOTES.txt"])
		if n := strings.Count(notes, "\n") + 1; n > 5 || !strings.HasPrefix(notes, "1. ") {
			t.Errorf("%d lines:\n%s", n, notes)
		}
	})
}

func TestEveryManifestNamesTheReleaseOnce(t *testing.T) {
	each(t, func(t *testing.T, v map[string]any) {
		seen := map[string]bool{}
		for _, m := range rendered(t, v) {
			o := object(t, m)
			id := fmt.Sprintf("%s/%s/%s", o.Kind, o.Namespace, o.Name)
			if seen[id] || o.Labels["app.kubernetes.io/instance"] != "shop" {
				t.Errorf("%s: twice, or without the labels of the release: %v", id, o.Labels)
			}
			seen[id] = true
		}
	})
}
