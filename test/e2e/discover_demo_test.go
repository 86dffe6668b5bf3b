//go:build integration

package e2e_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDiscoveredDemoRunsUnedited runs the command that the demo prints, after a play without
// faults, and runs lostorder with what it wrote.
func TestDiscoveredDemoRunsUnedited(t *testing.T) {
	t.Parallel()
	// Tests with other credentials are not parallel.
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		if err := os.Setenv(name, "demo"); err != nil { //nolint:usetesting // no parallel test may call t.Setenv
			t.Fatal(err)
		}
	}
	shop := exec.Command(plainBinary, "demo", "--faults=none", "--duration=30s", "--linger=1h", "--web.listen-address=127.0.0.1:0")
	out, err := shop.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shop.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = shop.Process.Signal(os.Interrupt)
		_ = shop.Wait()
	})
	var addresses []string
	played := false
	for lines := bufio.NewScanner(out); !played && lines.Scan(); {
		if _, flags, found := strings.Cut(lines.Text(), "lostorder discover "); found {
			addresses = strings.Fields(strings.ReplaceAll(flags, "'", ""))
		}
		played = strings.Contains(lines.Text(), "faults found")
	}
	if !played || len(addresses) < 4 {
		t.Fatalf("the demo ended, or printed no addresses: %q", addresses)
	}
	for i, flag := range addresses {
		if strings.HasPrefix(flag, "--observe=") {
			addresses[i] = observing
		}
	}
	file, text := discovered(t, "", addresses...)
	says(t, text, "orders → billing: may carry orders", "orders.dlq holds the dead letters of orders", "reservations-dlq holds the dead letters of reservations",
		"published_at: published_at", "table: order_moves", "kind: saga", "duplicates: {key: request, created: created_at}",
		"table: payments", "table: shipments", "expect: equal")
	silentlyRuns(t, file)
}
