// Package parttest starts the programs that test/parts/run has installed, for one test each.
package parttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take to end on a machine that is busy.
const patience = 3 * time.Minute

// Program is a program that runs.
type Program struct {
	*exec.Cmd
	ended chan struct{}
}

// Start starts a program that is ended with the test; its log is shown if that fails.
func Start(t *testing.T, program string, args ...string) *Program {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	p := &Program{exec.Command(program, args...), make(chan struct{})}
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.Stop()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			t.Logf("%s:\n%s", filepath.Base(program), strings.Join(lines[max(0, len(lines)-30):], "\n"))
		}
		_ = log.Close()
	})
	return p
}

// Stop ends the program and waits for its end.
func (p *Program) Stop() {
	_ = p.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.Process.Kill()
		<-p.ended
	}
}

// Free is an address on which nothing listens: below those that outgoing connections
// take, so that none takes it meanwhile, and above those that test/parts/run takes.
func Free(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 30000+rand.IntN(2000)))
		if err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free between 30000 and 31999")
	return ""
}
