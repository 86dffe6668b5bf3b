//go:build integration

package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// grants runs lostorder check --grants.
func grants(t *testing.T, config string) (out, complaint string, code int) {
	t.Helper()
	file := writeConfig(t, settings{})
	rewrite(t, file, config)
	cmd := exec.Command(plainBinary, "check", "--grants", "--config.file="+file)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func TestRealCheckPrintsOnlyTheGrantsThatAreMissing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		s.Grant(t, "orders")
		s.Grant(t, "outbox")
		s.place("A-1", "placed", time.Hour)
		config := func(url string) string {
			c := settings{}
			s.watchOutbox(c)
			s.watchDatabase(c, s.URL)
			for _, name := range []string{"order", "again"} { // two targets that read one table
				c.add("lifecycles", "name: "+name, "source: {database: "+s.Kind+", table: orders}",
					fmt.Sprintf("states: {placed: {max: %s, next: [paid]}, paid: {next: [shipped]}, shipped: {}}", maxAge), schedule())
			}
			return strings.ReplaceAll(c.String(), s.URL, url)
		}
		if out, complaint, code := grants(t, config(s.URL)); out != "" || code != 0 {
			t.Errorf("with all rights it prints %q, %q, exit code %d", out, complaint, code)
		}
		who := s.User
		if s.Kind == "mariadb" {
			who = "'" + s.User + "'@'%'"
		}
		s.Run(t, "REVOKE ALL PRIVILEGES ON orders FROM "+who)
		out, complaint, code := grants(t, config(s.URL))
		if code != 1 || complaint != "" || strings.Count(out, "GRANT SELECT") != 1 || strings.Contains(out, "outbox") {
			t.Fatalf("without the right to one table it prints %q, %q, exit code %d", out, complaint, code)
		}
		for line := range strings.Lines(out) {
			s.Run(t, strings.TrimSpace(line))
		}
		if out, complaint, code := grants(t, config(s.URL)); out != "" || code != 0 {
			t.Errorf("with the printed rights it prints %q, %q, exit code %d", out, complaint, code)
		}
		out, complaint, code = grants(t, config(s.As(s.User, "wrong")))
		if out != "" || code != 1 || !strings.Contains(complaint, "outbox/relay") || strings.Contains(complaint, "GRANT") {
			t.Errorf("with a wrong password it prints %q, %q, exit code %d", out, complaint, code)
		}
	})
}
