//go:build integration

// Package faults_test breaks the network, the servers, their credentials and the machine under the
// built program. It checks each time that the other targets stay fresh and that the broken one recovers
// by itself. Memory stays bounded, and no finding is lost or invented.
//
//	test/parts/run --parts=kafka,postgres,mariadb,rabbitmq310,sqs go test -tags=integration ./test/faults
//
// The servers are its own, because it stops and kills them. With -update it writes the table of
// docs/reliability.md, with -length=30s each fault lasts longer.
package faults_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "write the table of docs/reliability.md")
	length = flag.Duration("length", 3*time.Second, "how long each fault lasts at least")
)

const (
	interval = 500 * time.Millisecond
	timeout  = 2 * time.Second
	// mostStale is how old the reading of a target that is not broken may be.
	mostStale = 5 * time.Second
	// mostLater is how much longer than the fault a target may take to be fresh afterwards: a target
	// that keeps failing is read at growing intervals, so that it is found as late as it was long.
	mostLater = 15 * time.Second
	// noticed is how long it may take until the target shows the fault.
	noticed    = 30 * time.Second
	mostMemory = 150 << 20
	patience   = 2 * time.Minute
	tick       = 100 * time.Millisecond
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "lostorder-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // servers that run as another user enter it
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "lostorder")
	build := exec.Command("go", "build", "-o", binary, "-trimpath", "-ldflags=-s -w", "../../cmd/lostorder") // as make build does
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	code := 1
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build lostorder: %v\n%s", err, out)
	} else {
		code = m.Run()
		if code == 0 {
			if err := report(table.rows); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// eventually calls ask until it returns an empty text, which otherwise says what is missing.
func eventually(t *testing.T, what string, ask func() string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(tick) {
		missing := ask()
		if missing == "" {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("not within %s: %s: %s", patience, what, missing)
		}
	}
}
