package collectortest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Latency is the table of docs/latency.md that shows how late findings come from one source.
type Latency struct {
	Source   string        // the package
	Interval time.Duration // between readings
	rows     strings.Builder
}

// Add adds what happened, from when it could be decided, and how long after that the
// finding came: the latest of several measurements.
func (l *Latency) Add(t *testing.T, mode signal.Mode, happened, decidable string, most time.Duration, late ...time.Duration) {
	t.Helper()
	if len(late) == 0 {
		t.Fatalf("%s, %s: not measured", mode, happened)
	}
	latest := late[0]
	for _, one := range late {
		latest = max(latest, one)
		if one < 0 || one > most {
			t.Errorf("%s, %s: found %s after it could be decided, want at most %s", mode, happened, one, most)
		}
	}
	found := fmt.Sprintf("%.1f intervals", float64(latest)/float64(l.Interval))
	if found == "0.0 intervals" {
		found = "at once"
	}
	fmt.Fprintf(&l.rows, "| `%s` | %s | %s | %s |\n", mode, happened, decidable, found)
}

// Check compares the table with the page, or writes it there.
func (l *Latency) Check(t *testing.T, page string, update bool) {
	t.Helper()
	CheckTable(t, page, "go test ./collectors/"+l.Source+" -run Interval -update",
		"| mode | what happened | decidable | found after that, at most |\n|---|---|---|---|\n"+l.rows.String(), update)
}

// CheckTable compares a table with the one that stands in a page after the comment that names
// the command which writes it, or writes it there. It ends with an empty line or with the page.
func CheckTable(t *testing.T, page, command, table string, update bool) {
	t.Helper()
	mark := "<!-- written by " + command + " -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("%s has no line %s", page, mark)
	}
	whole := head + mark + table
	if _, tail, more := strings.Cut(rest, "\n\n"); more {
		whole += "\n" + tail
	}
	switch {
	case whole == string(text):
	case !update:
		t.Errorf("%s is not what was measured; run %s", page, command)
	default:
		if err := os.WriteFile(page, []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
