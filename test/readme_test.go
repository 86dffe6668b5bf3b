package test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
)

var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	topKey    = regexp.MustCompile(`^(?:#.*\n)*([a-z]+):`)
	variable  = regexp.MustCompile(`\$\{([A-Z_]+)\}`)
	fileKey   = regexp.MustCompile(`[a-z]+_file: ([a-z][a-z.]*)`)
)

// TestConfigsInPagesAreValid loads every config that a page shows, with its secrets.
func TestConfigsInPagesAreValid(t *testing.T) {
	var keys []string
	for _, s := range builtin.Sections() {
		keys = append(keys, s.Key)
	}
	loaded := map[string]int{}
	for _, page := range pages(t) {
		for _, block := range yamlBlock.FindAllStringSubmatch(read(t, page), -1) {
			text := block[1]
			if first := topKey.FindStringSubmatch(text); first == nil || !slices.Contains(keys, first[1]) {
				continue // not lostorder's config, or a fragment
			}
			loaded[page]++
			if strings.Contains(text, "database: shop") && !strings.Contains(text, "databases:") {
				text += "databases: [{name: shop, url: 'sqlite:shop.db'}]\n" // told elsewhere on the page
			}
			dir := t.TempDir()
			for _, name := range variable.FindAllStringSubmatch(text, -1) {
				t.Setenv(name[1], "secret")
			}
			for _, name := range fileKey.FindAllStringSubmatch(text, -1) {
				if err := os.WriteFile(filepath.Join(dir, name[1]), []byte("secret"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f, err := config.Parse(page, []byte(text), dir, builtin.Sections())
			if err != nil {
				t.Errorf("%s\n%v", text, err)
			} else if page == "../README.md" && len(builtin.Targets(f)) == 0 {
				t.Errorf("watches nothing:\n%s", text)
			}
		}
	}
	if loaded["../README.md"] == 0 || len(loaded) < 5 {
		t.Errorf("only few pages show a config: %v", loaded)
	}
}
