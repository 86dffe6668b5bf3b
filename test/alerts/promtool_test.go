//go:build integration

// Package alerts_test has the real promtool and amtool check the rules, the alerts and
// their examples, and the real Prometheus and Alertmanager fire them.
//
//	test/parts/run --parts=prometheus,alertmanager go test -tags=integration ./test/alerts/
package alerts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../"

// part is a program of test/parts, and fails the test when there is none.
func part(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: run test/parts/run --parts=prometheus,alertmanager go test -tags=integration ./test/alerts/, or set it to a program of your own", variable)
	}
	return path
}

func files(t *testing.T, patterns ...string) (all []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob(root + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no file %s: %v", pattern, err)
		}
		all = append(all, found...)
	}
	return all
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestRulesAreValid(t *testing.T) {
	run(t, part(t, "PROMTOOL"), slices.Concat([]string{"check", "rules", "--lint=all", "--lint-fatal"}, files(t, "rules/*.yml", "alerts/*.yml"))...)
}

func TestRulesDoWhatTheirTestsSay(t *testing.T) {
	promtool := part(t, "PROMTOOL")
	for _, file := range files(t, "rules/tests/*.yml", "alerts/tests/*.yml") {
		t.Run(strings.TrimPrefix(file, root), func(t *testing.T) {
			t.Parallel()
			if out := run(t, promtool, "test", "rules", file); !strings.Contains(out, "SUCCESS") {
				t.Errorf("nothing was tested:\n%s", out)
			}
		})
	}
}

func TestExamplesAreValid(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"rules", "alerts"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(root+folder)); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "prometheus.yml")
	text, err := os.ReadFile(root + "alerts/example/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, part(t, "PROMTOOL"), "check", "config", config); !strings.Contains(out, filepath.Join(dir, "alerts", "lostorder.yml")) {
		t.Errorf("the example does not load the alerts:\n%s", out)
	}
	run(t, part(t, "AMTOOL"), "check-config", root+"alerts/example/alertmanager.yml")
	run(t, part(t, "AMTOOL"), "check-config", root+"alerts/example/receivers.yml")
}

// TestRoutes asks amtool to which receivers alerts go.
func TestRoutes(t *testing.T) {
	for labels, want := range map[string]string{
		"alertname=LostorderOrderOverdue severity=critical":   "pager",
		"alertname=LostorderDLQFilling severity=warning":      "team",
		"alertname=LostorderObservationGap severity=info":     "record",
		"alertname=SomethingElse severity=critical":           "team",
		"alertname=LostorderOrderBudgetBurns severity=":       "team",
		"alertname=LostorderAbsent severity=critical job=any": "pager",
		// By team.
		"alertname=LostorderOrderOverdue severity=critical team=payments": "payments-pager",
		"alertname=LostorderDLQFilling severity=warning team=payments":    "payments",
		"alertname=LostorderDLQMissing severity=info team=payments":       "record",
		"alertname=LostorderOrderOverdue severity=critical team=stock":    "pager",
		"alertname=SomethingElse severity=critical team=payments":         "team",
	} {
		args := append([]string{"config", "routes", "test", "--config.file=" + root + "alerts/example/alertmanager.yml", "--verify.receivers=" + want}, strings.Fields(labels)...)
		run(t, part(t, "AMTOOL"), args...)
	}
}
