package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// embeddedServers are what only the demo needs: servers and clients that write.
var embeddedServers = []string{"github.com/twmb/franz-go/pkg/kfake", "github.com/twmb/franz-go/pkg/kgo", "github.com/rabbitmq/amqp091-go", "/internal/fakesqs", "/internal/demo"}

// TestProgramWithoutTheDemoHasNoEmbeddedServer compares what the two builds import.
func TestProgramWithoutTheDemoHasNoEmbeddedServer(t *testing.T) {
	imports := func(tags string) string {
		out, err := exec.Command("go", "list", "-deps", "-tags="+tags, ".").Output()
		if err != nil {
			t.Fatalf("list imports: %v", err)
		}
		return string(out)
	}
	with, without := imports(""), imports("nodemo")
	for _, name := range embeddedServers {
		if !strings.Contains(with, name) || strings.Contains(without, name) {
			t.Errorf("%s: with the demo %t, without it %t", name, strings.Contains(with, name), strings.Contains(without, name))
		}
	}
	program := filepath.Join(t.TempDir(), "lostorder")
	if out, err := exec.Command("go", "build", "-tags=nodemo", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if out, err := exec.Command(program, "demo").CombinedOutput(); err == nil || !strings.Contains(string(out), "built without the demo") {
		t.Errorf("demo ends with %v: %s", err, out)
	}
}
