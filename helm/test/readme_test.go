package test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestReadmeOfTheChartIsCurrent writes the page by helm-docs from the comments of values.yaml.
func TestReadmeOfTheChartIsCurrent(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "tool", "helm-docs", "--chart-search-root="+chartDir, "--dry-run", "--log-level=error")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	want, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	want = append(bytes.TrimSpace(want), '\n')
	path := chartDir + "/README.md"
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
		t.Errorf("%s does not say what values.yaml says; run make generate", path)
	}
}
