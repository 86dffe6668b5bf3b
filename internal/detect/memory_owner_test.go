package detect_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// owners says which files use what a mode remembers.
var owners = map[string]string{
	"Absence":       "consumer_absent",
	"Growth":        "backlog_growing",
	"GroupStall":    "consumer_stalled",
	"Loop":          "retry_loop",
	"Expiring":      "message_expiring",
	"Losses":        "message_lost",
	"DeadLettering": "dlq_missing",
	"Lateness":      "message_overdue",
	"Filling":       "dlq_filling",
	"Transactions":  "transaction_hanging",
	"outboxes":      "outbox_stalled",
	"brokers":       "message_lost",
	"undeclared":    "order_state_unknown",
	"deletions":     "message_lost",
	"slots":         "event_missing",
	"expiries":      "message_expiring",
}

// TestNoModeUsesTheMemoryOfAnother reads the source: a field of what a mode remembers is
// named in the files of that mode only, and where memories are created, saved and dropped.
func TestNoModeUsesTheMemoryOfAnother(t *testing.T) {
	shared := []string{"memory.go", "queue.go", "dead_letters.go", "detector.go", "snapshot.go", "memory_parts.go"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]int{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			owner, owned := owners[selector.Sel.Name]
			if setup, nested := selector.X.(*ast.SelectorExpr); nested && setup.Sel.Name == "Setup" {
				return true // the dead lettering of a queue's setup
			}
			if !owned {
				return true
			}
			used[selector.Sel.Name]++
			if !strings.HasPrefix(path, owner) && !slices.Contains(shared, path) {
				t.Errorf("%s: %s belongs to %s", fset.Position(selector.Pos()), selector.Sel.Name, owner)
			}
			return true
		})
	}
	for field := range owners {
		if used[field] == 0 {
			t.Errorf("nothing uses %s", field)
		}
	}
}
