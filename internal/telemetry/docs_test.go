package telemetry_test

import (
	"flag"
	"os"
	"testing"

	"github.com/lostorder/lostorder/internal/telemetry"
)

var update = flag.Bool("update", false, "write docs/metrics.md")

func TestMetricsDocIsCurrent(t *testing.T) {
	const path = "../../docs/metrics.md"
	if *update {
		if err := os.WriteFile(path, []byte(telemetry.Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != telemetry.Markdown() {
		t.Error("docs/metrics.md is not what the list of metrics says; run go generate ./internal/telemetry")
	}
}
