package builtin_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// shared are the folders below collectors that are no source.
var shared = map[string]bool{"builtin": true, "collectortest": true}

// TestSourcesNeverImportEachOther checks all files, tests included. A source may import
// its own sub-packages and what all sources share.
func TestSourcesNeverImportEachOther(t *testing.T) {
	const prefix = "github.com/lostorder/lostorder/collectors/"
	sources := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, _, in := strings.Cut(strings.TrimPrefix(filepath.ToSlash(path), "../"), "/")
		if !in || shared[source] {
			return nil
		}
		sources[source] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			other, below := strings.CutPrefix(imported, prefix)
			other, _, _ = strings.Cut(other, "/")
			if below && other != source && !shared[other] {
				t.Errorf("%s imports the source %s", path, other)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 6 {
		t.Errorf("only the sources %v were checked", sources)
	}
}
