//go:build integration

// Package e2e_test runs the built program against real servers and breaks what it watches
// with ordinary clients. It observes the program only from outside: its endpoints and its
// log. Each fault has a benign twin for which the program must open no finding.
//
//	test/parts/run go test -tags=integration ./test/e2e/
package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the program under test. plainBinary is the same program, always without the
// race detector, for measurements.
var binary, plainBinary string

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait for time to pass, not for the CPU, so they run in parallel.
	if err := flag.Set("test.parallel", "12"); err != nil {
		fail(err)
	}
	code, err := run(m)
	if err != nil {
		fail(err)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "lostorder-e2e-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	plainBinary = filepath.Join(dir, "lostorder")
	if err := build(plainBinary, "CGO_ENABLED=0", "-trimpath", "-ldflags=-s -w"); err != nil { // as make build does
		return 0, err
	}
	binary = plainBinary
	if raced {
		// Built with the same flags as the tests, so that packages compile once.
		binary = filepath.Join(dir, "lostorder-race")
		if err := build(binary, "CGO_ENABLED=1", "-race", "-gcflags=modernc.org/sqlite/lib=-d=checkptr=0"); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}

func build(path, env string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), "../../cmd/lostorder")...)
	cmd.Env = append(os.Environ(), env)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build lostorder: %w\n%s", err, out)
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// server returns the address of a real server. It fails the test if there is none.
func server(t *testing.T, variable string) string {
	t.Helper()
	addr := os.Getenv(variable)
	if addr == "" {
		t.Fatalf("%s is not set: run test/parts/run go test -tags=integration ./test/e2e/, or set it to a server of your own", variable)
	}
	return addr
}
