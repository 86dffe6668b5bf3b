//go:build integration

package faults_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	document    = "../../docs/reliability.md"
	tableBegins = "<!-- written by go test -tags=integration ./test/faults -update -->\n"
	tableEnds   = "<!-- end -->\n"
)

// report checks that the document has a row for each fault of this run, or writes them. The figures
// differ from machine to machine, so it compares the names only.
func report(rows []row) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), tableBegins)
	table, after, ended := strings.Cut(rest, tableEnds)
	if !ok || !ended {
		return fmt.Errorf("%s has no place for the table: %q and %q", document, tableBegins, tableEnds)
	}
	if *update {
		slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.system, b.system) })
		var b strings.Builder
		b.WriteString("| what | fault | age of the other targets, at most | fresh again after | memory, at most | what lostorder shows |\n|---|---|---|---|---|---|\n")
		for _, r := range rows {
			shown := "–"
			if r.shown != "" {
				shown = "`" + brief(r.shown) + "`"
			}
			fmt.Fprintf(&b, "%s %s | %s | %s | %s |\n", r.name(),
				measured("%.1f s", r.stale.Seconds()), measured("%.1f s", r.recovery.Seconds()), measured("%.0f MB", float64(r.memory>>20)), shown)
		}
		return os.WriteFile(document, []byte(before+tableBegins+b.String()+tableEnds+after), 0o600)
	}
	var missing []error
	for _, r := range rows {
		if !strings.Contains(table, r.name()) {
			missing = append(missing, fmt.Errorf("the table of %s lacks %q; write it with -update", document, r.name()))
		}
	}
	return errors.Join(missing...)
}

// measured is a figure of the table; zero was not measured.
func measured(format string, figure float64) string {
	if figure == 0 {
		return "–"
	}
	return fmt.Sprintf(format, figure)
}

func (r *row) name() string { return "| " + r.system + " | " + r.fault + " |" }

var changing = regexp.MustCompile(`127\.0\.0\.1:[0-9]+|/tmp/[^ :]+`)

// brief is an error without what changes from run to run, cut short for the table.
func brief(text string) string {
	text = strings.NewReplacer("|", "/", "`", "'").Replace(changing.ReplaceAllString(text, "…"))
	const most = 130
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return text
}
