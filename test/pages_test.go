package test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fence matches a code block; its groups are the language and the content.
var fence = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")

// TestPagesHaveWorkingLinksAndCommands checks the links and commands of every page.
func TestPagesHaveWorkingLinksAndCommands(t *testing.T) {
	for _, path := range pages(t) {
		t.Run(path, func(t *testing.T) { checkPage(t, path) })
	}
}

// pages returns the paths of all pages of the project.
func pages(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil || len(paths) < 30 {
		t.Fatalf("%d pages: %v", len(paths), err)
	}
	return paths
}

// checkPage checks that a page's links lead somewhere in the repository and that a shell
// accepts its commands.
func checkPage(t *testing.T, path string) {
	t.Helper()
	text := read(t, path)
	checkLinks(t, path, text)
	if strings.Contains(text, "@@") {
		t.Errorf("%s: an unfilled placeholder", path)
	}
	for _, found := range fence.FindAllStringSubmatch(text, -1) {
		language, code := found[1], found[2]
		switch language {
		case "sh", "bash":
			if out, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", code).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", path, err, out, code)
			}
		case "sql":
			checkSQL(t, path, code)
		case "json":
			if !json.Valid([]byte(code)) {
				t.Errorf("%s: not JSON:\n%s", path, code)
			}
		case "python":
			check := exec.CommandContext(t.Context(), "python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
			check.Stdin = strings.NewReader(code)
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", path, err, out, code)
			}
		case "yaml", "console":
		default:
			t.Errorf("%s: a block in %q:\n%s", path, language, code)
		}
	}
}

// checkSQL checks for complete statements of known kinds, and for a condition in each that
// writes.
func checkSQL(t *testing.T, path, code string) {
	t.Helper()
	code = regexp.MustCompile(`--[^\n]*`).ReplaceAllString(code, "")
	if !strings.HasSuffix(strings.TrimSpace(code), ";") {
		t.Errorf("%s: no ; at the end of\n%s", path, code)
	}
	for statement := range strings.SplitSeq(strings.TrimSpace(code), ";") {
		words := strings.Fields(statement)
		switch {
		case len(words) == 0 || words[0] == "SELECT" || words[0] == "SHOW" || words[0] == "CREATE" && words[1] == "INDEX":
		case words[0] == "GRANT" && (words[1] == "SELECT" || words[1] == "PROCESS,"):
		case words[0] == "UPDATE" && slices.Contains(words, "WHERE"):
		default:
			t.Errorf("%s: %s", path, statement)
		}
	}
}

// TestDecisionsHaveNumbersOfTheirOwn reads docs/adr: no number is used twice, and a file's
// heading has the number of its name.
func TestDecisionsHaveNumbersOfTheirOwn(t *testing.T) {
	files, err := filepath.Glob("../docs/adr/0*.md")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	seen := map[int]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var number int
		if _, err := fmt.Sscanf(filepath.Base(file), "%04d-", &number); err != nil || !strings.HasPrefix(string(text), fmt.Sprintf("# %d. ", number)) {
			t.Errorf("%s does not begin with its number", file)
		}
		if other, twice := seen[number]; twice {
			t.Errorf("%s and %s have the same number", other, file)
		}
		seen[number] = file
	}
}
