package parttest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	receivers = regexp.MustCompile(`http://(pager|chat|record)\.example/`)
	grouping  = regexp.MustCompile(`group_(wait|interval): \d+[sm]`)
)

// Alertmanager starts a real Alertmanager that keeps its data in dir. It has the routes and the
// inhibition rules that are shipped in example, and notifies webhook, at once.
func Alertmanager(t *testing.T, address, dir, example, webhook string) *Program {
	t.Helper()
	program := os.Getenv("ALERTMANAGER")
	if program == "" {
		t.Fatal("ALERTMANAGER names no program; run the test with test/parts/run --parts=alertmanager")
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pager", "chat", "record"} {
		if !strings.Contains(string(text), "http://"+name+".example/") {
			t.Fatalf("%s has no webhook at http://%s.example/", example, name)
		}
	}
	routes := grouping.ReplaceAllString(receivers.ReplaceAllString(string(text), webhook+"/$1/"), "group_$1: 1s")
	path := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(path, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	return Start(t, program, "--config.file="+path, "--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address="+address, "--cluster.listen-address=")
}
