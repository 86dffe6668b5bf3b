package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/promslog"
)

// block is a block of commands in a page.
type block struct {
	page, text string
	mark       string // the comment before it: what runs it, or why nothing does
}

var (
	commandBlock = regexp.MustCompile("(?ms)^( *)(?:<!-- ([^\n]*) -->\n *)?```(?:sh|bash|console)\n(.*?)^ *```$")
	// ourCommand is a command line of lostorder, also one of several in a line.
	ourCommand = regexp.MustCompile(`(?m)(?:^|&& |; )(?:[A-Z_]+=[^ \n]+ )*(?:bin/|go run \./cmd/)?lostorder((?: [^\n]*)?)$`)
)

// commands are the command lines of a block, without what they print.
func (b *block) commands() (lines []string) {
	asked := strings.Contains("\n"+b.text, "\n$ ")
	for line := range strings.SplitSeq(strings.TrimSpace(b.text), "\n") {
		command, is := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		if is || !asked {
			lines = append(lines, command)
		}
	}
	return lines
}

// blocks returns the blocks of commands of all pages.
func blocks(t *testing.T) (all []block) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range commandBlock.FindAllStringSubmatch(string(text), -1) {
			all = append(all, block{page: strings.TrimPrefix(path, root+"/"), text: strings.ReplaceAll("\n"+found[3], "\n"+found[1], "\n")[1:], mark: found[2]})
		}
		return nil
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d blocks of commands: %v", len(all), err)
	}
	return all
}

// TestCommandsInPagesExist has the program parse every command line of its own that
// the pages tell people to type.
func TestCommandsInPagesExist(t *testing.T) {
	n := 0
	for _, b := range blocks(t) {
		for _, line := range b.commands() {
			for part := range strings.SplitSeq(line, " && ") {
				found := ourCommand.FindStringSubmatch(part)
				if found == nil {
					continue
				}
				command, _, _ := strings.Cut(found[1], "#")
				command, _, _ = strings.Cut(command, " >")
				app, _ := newApp(io.Discard, io.Discard, &promslog.Config{})
				app.Terminate(nil)
				if _, err := app.Parse(strings.Fields(strings.ReplaceAll(command, "'", ""))); err != nil {
					t.Errorf("%s: lostorder%s: %v", b.page, command, err)
				}
				n++
			}
		}
	}
	if n < 50 {
		t.Errorf("%d commands only were found", n)
	}
}
