package test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestConfigsInReadmeLoad loads every config that the README shows.
func TestConfigsInReadmeLoad(t *testing.T) {
	t.Setenv("SHOP_PASSWORD", "secret")
	if strings.Contains(read(t, "../README.md"), "@@") {
		t.Error("the README has a place that was not filled in")
	}
	loaded := 0
	for _, block := range yamlBlock.FindAllStringSubmatch(read(t, "../README.md"), -1) {
		if !strings.HasPrefix(block[1], "kafka:") {
			continue // a file for somebody else
		}
		loaded++
		f, err := config.Parse("README.md", []byte(block[1]), t.TempDir(), builtin.Sections())
		if err != nil {
			t.Errorf("%s\n%v", block[1], err)
			continue
		}
		if len(builtin.Targets(f)) == 0 {
			t.Errorf("watches nothing:\n%s", block[1])
		}
	}
	if loaded == 0 {
		t.Error("the README shows no config")
	}
}
