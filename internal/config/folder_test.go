package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
)

// folder makes a folder of config files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type shelf struct {
	Name string `yaml:"name" required:"true" doc:"Its name."`
	Room int    `yaml:"room" doc:"How much fits."`
}

type light struct {
	On bool `yaml:"on" doc:"Whether it is on."`
}

var shop = []config.Section{
	{Key: "shelves", Doc: "The shelves.", Type: reflect.TypeFor[shelf]()},
	config.Single[light]("light", "The light."),
}

func TestFilesOfAFolderAreOneConfig(t *testing.T) {
	dir := folder(t, map[string]string{
		"10-kitchen.yml": "shelves:\n  - {name: plates}\nlight: {on: true}\n",
		"20-cellar.yaml": "x-room: &room 7\nshelves:\n  - {name: wine, room: *room}\n",
		"30-later.yml":   "# shelves: [{name: later}]\n",
		".hidden.yml":    "shelves: [{name: hidden}]",
		"notes.txt":      "not a config",
		"more/a.yml":     "shelves: [{name: below}]",
	})
	f, err := config.Load(dir, shop)
	if err != nil {
		t.Fatal(err)
	}
	shelves := config.Items[shelf](f, "shelves")
	if len(shelves) != 2 || shelves[0].Name != "plates" || shelves[1] != (shelf{"wine", 7}) || !config.Only[light](f, "light").On {
		t.Errorf("loads %+v", shelves)
	}
}

func TestProblemsOfAFolderNameTheirFileAndLine(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yml": "shelves:\n  - {name: plates}\nlight: {on: true}\n",
		"b.yml": "light: {on: false}\n\nshelves:\n  - {room: 3}\n  - {name: plates}\n",
		"c.yml": "shelves: [\n",
		"d.yml": "chairs: []\n",
	})
	_, err := config.Load(dir, shop)
	for _, want := range []string{
		"b.yml:1:1: light: is in a.yml, too; keep it in one file",
		"b.yml:4:5: shelves[1].name: missing",
		"b.yml:5:", // the same name as in a.yml
		"c.yml:",
		"d.yml:1:1: chairs: ",
	} {
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, want)) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestFolderWithoutConfigFilesIsRefused(t *testing.T) {
	for _, files := range []map[string]string{{"notes.txt": ""}, {"a.yml": "# nothing\n", "b.yml": "\n"}} {
		_, err := config.Load(folder(t, files), shop)
		if err == nil || !strings.Contains(err.Error(), ".yml") {
			t.Errorf("of %v it says %v", files, err)
		}
	}
}
