package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
)

// FuzzParse asserts that no text makes the loader panic, and that what it
// refuses comes with a file and a message.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yml", "testdata/good/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s: %v", pattern, err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte(bombOfMerges()))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := config.ParseWith(string(text), t.TempDir(), sections, nil)
		if err == nil {
			config.Items[cluster](file, "kafka")
			return
		}
		var problems config.Errors
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("not Errors: %v", err)
		}
		for _, p := range problems {
			if p.File == "" || p.Msg == "" || p.Line < 0 {
				t.Errorf("incomplete: %+v", p)
			}
		}
	})
}
