package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestQuickstartNamesFilesThatExist checks the compose file, which no test can start.
func TestQuickstartNamesFilesThatExist(t *testing.T) {
	const dir = "../docs/quickstart"
	var compose struct {
		Services map[string]struct {
			Build, Image string
			Command      []string
			Environment  map[string]string
			Tmpfs        []string
			Volumes      []string
			Ports        []string
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, filepath.Join(dir, "compose.yaml"))))
	decoder.KnownFields(true)
	if err := decoder.Decode(&compose); err != nil {
		t.Fatal(err)
	}
	pinned := regexp.MustCompile(`:v?\d+\.\d+\.\d+$`)
	for name, s := range compose.Services {
		if s.Build != "" {
			if _, err := os.Stat(filepath.Join(dir, s.Build, "Dockerfile")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q has no version", name, s.Image)
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, err := os.Stat(filepath.Join(dir, source)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !strings.HasSuffix(volume, ":ro") {
				t.Errorf("%s: %s can be written", name, volume)
			}
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to others", name, port)
			}
		}
	}
	if len(compose.Services) < 4 {
		t.Errorf("only %d services", len(compose.Services))
	}
}
