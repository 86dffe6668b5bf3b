package test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	commands = regexp.MustCompile("(?ms)^( *)(<!-- ([^\n]*) -->\n *)?```(?:sh|bash|console)\n(.*?)^ *```$")
	makeLine = regexp.MustCompile(`(?m)^(?:\$ )?(?:[A-Z]+="[^"]*" )?make ([a-z-]+)`)
	testLine = regexp.MustCompile(`-run (\w+)`)
)

// TestEveryCommandInPagesIsRunOrSaysWhyNot: a block of commands has a comment before it that names
// the test that runs it, or says why none does.
func TestEveryCommandInPagesIsRunOrSaysWhyNot(t *testing.T) {
	tests, made := testNames(t), read(t, "../Makefile")
	n := 0
	for _, page := range pages(t) {
		for _, found := range commands.FindAllStringSubmatch(read(t, page), -1) {
			n++
			mark, text := found[3], found[4]
			name, run := strings.CutPrefix(mark, "run by: ")
			why, unrun := strings.CutPrefix(mark, "not run: ")
			switch {
			case run && !tests[name]:
				t.Errorf("%s: no test is named %s, which is to run\n%s", page, name, text)
			case unrun && len(why) < 10, !run && !unrun:
				t.Errorf("%s: write <!-- run by: TestName --> or <!-- not run: reason --> before\n%s", page, text)
			}
			for _, named := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(why, -1) {
				if !tests[named] {
					t.Errorf("%s: no test is named %s", page, named)
				}
			}
			for _, target := range makeLine.FindAllStringSubmatch(text, -1) {
				if !regexp.MustCompile(`(?m)^` + target[1] + `:`).MatchString(made) {
					t.Errorf("%s: the Makefile has no target %s", page, target[1])
				}
			}
			for _, one := range testLine.FindAllStringSubmatch(text, -1) {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(tests)), func(name string) bool { return strings.HasPrefix(name, one[1]) }) {
					t.Errorf("%s: there is no test %s", page, one[1])
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d blocks of commands were found", n)
	}
}

// testNames are the tests of the repository.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
			names[string(found[1])] = true
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("%d tests: %v", len(names), err)
	}
	return names
}
