package test

import (
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestRulesKeepEnvironmentsApart checks that no expression mixes the environments of a
// Prometheus that scrapes several of them.
func TestRulesKeepEnvironmentsApart(t *testing.T) {
	seen := 0
	for _, r := range rules(t, "../rules/*.yml") {
		parsed, err := parser.ParseExpr(r.Expr)
		if err != nil {
			t.Fatalf("%s: %v", r.Record, err)
		}
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			var labels []string
			switch n := node.(type) {
			case *parser.AggregateExpr:
				if n.Without { // keeps every label but these
					if seen++; slices.Contains(n.Grouping, "environment") {
						t.Errorf("%s: %s mixes environments", r.Record, node)
					}
					return nil
				}
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
