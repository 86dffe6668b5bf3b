package test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fence = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// checkPage demands of a page that its links lead somewhere in the repository and
// that its commands are none that a shell would refuse.
func checkPage(t *testing.T, path, text string) {
	t.Helper()
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		target, anchor, _ := strings.Cut(found[1], "#")
		if strings.Contains(target, "://") {
			continue
		}
		target = filepath.Join(filepath.Dir(path), target)
		if anchor == "" && !exists(target) {
			t.Errorf("%s: the link %s leads nowhere", path, found[1])
		}
	}
	for _, found := range fence.FindAllStringSubmatch(text, -1) {
		language, code := found[1], found[2]
		switch language {
		case "sh":
			if out, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", code).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", path, err, out, code)
			}
		case "sql":
			checkSQL(t, path, code)
		case "yaml", "console":
		default:
			t.Errorf("%s: a block in %q:\n%s", path, language, code)
		}
	}
}

// checkSQL demands whole statements of known kinds, and of those that write a
// condition.
func checkSQL(t *testing.T, path, code string) {
	t.Helper()
	code = regexp.MustCompile(`--[^\n]*`).ReplaceAllString(code, "")
	if !strings.HasSuffix(strings.TrimSpace(code), ";") {
		t.Errorf("%s: no ; ends\n%s", path, code)
	}
	for statement := range strings.SplitSeq(strings.TrimSpace(code), ";") {
		word, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
		switch {
		case word == "" || word == "SELECT":
		case word == "UPDATE" && strings.Contains(statement, "\nWHERE ") || strings.Contains(statement, " WHERE "):
		default:
			t.Errorf("%s: %s", path, statement)
		}
	}
}
