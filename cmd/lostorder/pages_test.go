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
// the runbooks and the page about alerts tell people to type.
func TestCommandsInPagesExist(t *testing.T) {
	pages, err := filepath.Glob("../../alerts/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^```sh$.*?^```$")
	line := regexp.MustCompile("(?m)^lostorder (.*)$")
	n := 0
	for _, page := range append(pages, "../../docs/alerts.md") {
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
	if n < 10 {
		t.Errorf("%d commands only were found", n)
	}
}
