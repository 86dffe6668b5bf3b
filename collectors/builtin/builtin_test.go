package builtin_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
)

var update = flag.Bool("update", false, "rewrite the generated files")

// notSources are the folders beside the sources.
var notSources = []string{"builtin", "collectortest"}

func TestEveryFolderIsRegistered(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	folders := 0
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(notSources, e.Name()) {
			folders++
		}
	}
	if folders == 0 || folders != len(builtin.Sources()) {
		t.Errorf("%d folders of sources, %d registered in builtin.Sources", folders, len(builtin.Sources()))
	}
}

func TestEverySourceHasAReadmeAndAnExampleThatLoads(t *testing.T) {
	t.Setenv("KAFKA_PASSWORD", "secret")
	t.Setenv("RABBITMQ_PASSWORD", "secret")
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() || slices.Contains(notSources, e.Name()) {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			if _, err := os.Stat(filepath.Join("..", e.Name(), "README.md")); err != nil {
				t.Error(err)
			}
			example := filepath.Join("..", e.Name(), "example.yaml")
			text, err := os.ReadFile(example)
			if err != nil {
				t.Fatal(err)
			}
			f, err := config.Parse(example, text, t.TempDir(), builtin.Sections())
			if err != nil {
				t.Fatal(err)
			}
			if len(builtin.Targets(f)) == 0 {
				t.Error("the example watches nothing")
			}
		})
	}
}

func TestSectionsAreWellFormed(t *testing.T) {
	if err := config.Lint(builtin.Sections()); err != nil {
		t.Error(err)
	}
}

// referenceHead stands before the generated tables.
const referenceHead = "# Configuration\n" +
	"\n" +
	"<!-- Generated from the types of the sections by \"make generate\". Do not edit. -->\n" +
	"\n" +
	"One YAML file, or a folder whose `.yml` and `.yaml` files are read as one: lists of the same key are joined, and any other key may\n" +
	"be in one of them only. It is read strictly: an unknown key is an error. Durations are written as Prometheus writes them (15s, 5m, 1h30m, 7d).\n" +
	"`${NAME}` in a value is an environment variable, `${NAME:-default}` one that may be unset, `$${` a plain `${`. Patterns are regular\n" +
	"expressions (RE2) that match the whole name. `lostorder --config.check` reports every mistake with its position, and editors check the\n" +
	"file with [config.schema.json](config.schema.json).\n" +
	"\n"

func TestGeneratedFilesAreCurrent(t *testing.T) {
	schema, err := config.Schema(builtin.Sections())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{
		"../../docs/config.schema.json": schema,
		"../../docs/configuration.md":   append([]byte(referenceHead), config.Reference(builtin.Sections())...),
	} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not current; run make generate", path)
		}
	}
}
