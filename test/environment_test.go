package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestRulesKeepEnvironmentsApart applies the change that docs/alerts.md describes for a
// Prometheus that scrapes several environments, and checks that no expression mixes them.
func TestRulesKeepEnvironmentsApart(t *testing.T) {
	command := regexp.MustCompile(`(?m)^sed .*environment.*$`).FindString(read(t, "../docs/alerts.md"))
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "rules"), os.DirFS("../rules")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || command == "" {
		t.Fatalf("%s: %v %s", command, err, out)
	}
	seen := 0
	for _, r := range rules(t, filepath.Join(dir, "rules/*.yml")) {
		parsed, err := parser.ParseExpr(r.Expr)
		if err != nil {
			t.Fatalf("%s: %v", r.Record, err)
		}
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			var labels []string
			switch n := node.(type) {
			case *parser.AggregateExpr:
				labels = n.Grouping
			case *parser.BinaryExpr:
				// An expression without labels is one number for all of them.
				if n.VectorMatching == nil || !n.VectorMatching.On || len(n.VectorMatching.MatchingLabels) == 0 {
					return nil
				}
				labels = n.VectorMatching.MatchingLabels
			default:
				return nil
			}
			if seen++; !slices.Contains(labels, "environment") {
				t.Errorf("%s: %s mixes environments", r.Record, node)
			}
			return nil
		})
	}
	if seen < 20 {
		t.Errorf("only %d expressions were checked", seen)
	}
}
