package database_test

import (
	"os"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
)

// TestEachEngineIsRegistered: the folder of an engine alone is not enough. Its name is the
// scheme of its URLs.
func TestEachEngineIsRegistered(t *testing.T) {
	folders, err := os.ReadDir("dialect")
	if err != nil {
		t.Fatal(err)
	}
	engines := 0
	for _, folder := range folders {
		if !folder.IsDir() || folder.Name() == "testdata" {
			continue
		}
		engines++
		text := "databases: [{name: shop, url: '" + folder.Name() + "://user:password@db/shop'}]"
		_, err := config.Parse("test.yml", []byte(text), "", []config.Section{database.Section()})
		if err != nil && strings.Contains(err.Error(), "the scheme") {
			t.Errorf("no line in engines.go registers dialect/%s: %v", folder.Name(), err)
		}
	}
	if engines < 3 {
		t.Errorf("dialect has %d folders of engines", engines)
	}
}
