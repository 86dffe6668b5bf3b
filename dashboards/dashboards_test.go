package dashboards_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lostorder/lostorder/dashboards"
)

var update = flag.Bool("update", false, "write the dashboards anew")

// all returns the dashboards, and demands that there are some.
func all(t *testing.T) []dashboards.Dashboard {
	t.Helper()
	built, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(built) == 0 {
		t.Fatal("there is no dashboard")
	}
	return built
}

func TestDashboardsAreCurrent(t *testing.T) {
	var files []string
	for _, d := range all(t) {
		want, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(d.File, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(d.File)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(kept, want) {
			t.Errorf("%s is not what the code builds; run make dashboards", d.File)
		}
		files = append(files, d.File)
	}
	kept, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		if !slices.Contains(files, file) {
			t.Errorf("%s: no code builds it", file)
		}
	}
}
