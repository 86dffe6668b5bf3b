package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/promslog"
)

// TestCommandsInPagesExist has the program parse every command line of its own that
// the runbooks and the docs tell people to type.
func TestCommandsInPagesExist(t *testing.T) {
	pages := []string{"../../README.md"}
	for _, pattern := range []string{"../../alerts/runbooks/*.md", "../../docs/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no page %s: %v", pattern, err)
		}
		pages = append(pages, found...)
	}
	fence := regexp.MustCompile("(?ms)^```sh$.*?^```$")
	line := regexp.MustCompile("(?m)^(?:[A-Z_]+=[^ ]+ )*lostorder(?: (.*))?$")
	n := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Join(fence.FindAllString(string(text), -1), "\n")
		for _, found := range line.FindAllStringSubmatch(blocks, -1) {
			command, _, _ := strings.Cut(found[1], "#")
			command, _, _ = strings.Cut(command, ">")
			app, _ := newApp(io.Discard, io.Discard, &promslog.Config{})
			app.Terminate(nil)
			if _, err := app.Parse(strings.Fields(command)); err != nil {
				t.Errorf("%s: lostorder %s: %v", page, command, err)
			}
			n++
		}
	}
	if n < 30 {
		t.Errorf("%d commands only were found", n)
	}
}
