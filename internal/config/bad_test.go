package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
)

var update = flag.Bool("update", false, "rewrite the expected messages")

// TestGalleryOfBadFiles compares the messages of each testdata/bad/*.yml with
// the .err beside it.
func TestGalleryOfBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files in the gallery, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yml"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = config.ParseWith(string(text), "testdata/bad", sections, map[string]string{"SET": "s3cr3t-value", "EMPTY": ""})
			if _, ok := errors.AsType[config.Errors](err); !ok {
				t.Fatalf("not refused: %v", err)
			}
			got := err.Error() + "\n"
			if strings.Contains(got, "hunter2") || strings.Contains(got, "s3cr3t") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			golden := strings.TrimSuffix(path, ".yml") + ".err"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestErrorsCanBeTakenApart(t *testing.T) {
	_, err := config.Parse("lostorder.yml", []byte("kafka: [{name: a, brokers: [b], evry: 5s}]"), ".", sections)
	var problems config.Errors
	if !errors.As(err, &problems) || len(problems) != 1 {
		t.Fatalf("got %v", err)
	}
	p := problems[0]
	if p.File != "lostorder.yml" || p.Line != 1 || p.Col != 33 || p.Path != "kafka[0].evry" {
		t.Errorf("got %+v", p)
	}
	var one config.Problem
	if !errors.As(err, &one) || one != p {
		t.Errorf("got %+v", one)
	}
}
