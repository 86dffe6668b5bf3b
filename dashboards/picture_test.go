package dashboards_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestPicturesAreCurrent(t *testing.T) {
	for _, d := range all(t) {
		path := "../docs/pictures/" + strings.TrimSuffix(d.File, ".json") + ".svg"
		if *update {
			if err := os.WriteFile(path, d.Picture(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(kept, d.Picture()) {
			t.Errorf("%s is not the layout that the code builds; run make dashboards", path)
		}
	}
}
