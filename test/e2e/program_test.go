//go:build integration

package e2e_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is one running lostorder.
type program struct {
	t      *testing.T
	url    string
	file   string // its config
	cmd    *exec.Cmd
	log    *logbook
	exited chan struct{}
	// expected are the ids of the findings that the test caused.
	expected map[string]bool
	// lenient: findings are not the subject of the test.
	lenient bool
	stopped bool
}

// start runs lostorder with a config and waits until every target was tried. At the end of
// the test it stops lostorder and fails on every unexpected finding.
func start(t *testing.T, config settings) *program {
	t.Helper()
	program := binary
	if strings.HasSuffix(t.Name(), "/3.10") {
		program = plainBinary // beside the same code with the race detector, on 4.3
	}
	return startFile(t, program, writeConfig(t, config))
}

func startFile(t *testing.T, binary, file string) *program {
	t.Helper()
	return startAt(t, binary, file, "127.0.0.1:0")
}

// startAt is startFile at an address that Prometheus knows.
func startAt(t *testing.T, binary, file, address string) *program {
	t.Helper()
	p := &program{t: t, file: file, expected: map[string]bool{}, log: &logbook{}, exited: make(chan struct{})}
	p.cmd = exec.Command(binary, "run", "--config.file="+file, "--web.listen-address="+address, "--web.enable-lifecycle")
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start lostorder: %v", err)
	}
	go func() {
		defer close(p.exited)
		p.log.read(stderr)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		if !p.stopped {
			p.failOnUnexpected()
			p.stop()
		}
		if t.Failed() {
			t.Logf("log of lostorder:\n%s", p.log.tail(60))
		}
	})
	eventually(t, "lostorder listens", func() (bool, string) {
		select {
		case <-p.exited:
			t.Fatalf("lostorder ended:\n%s", p.log.tail(60))
		default:
		}
		found := listening.FindStringSubmatch(p.log.text())
		if found != nil {
			p.url = "http://" + found[1]
		}
		return found != nil, "log:\n" + p.log.tail(60)
	})
	eventually(t, "lostorder is ready", func() (bool, string) {
		code, body := p.get("/-/ready")
		return code == 200, body
	})
	return p
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// stop stops lostorder as an orchestrator does and checks that it exits cleanly.
func (p *program) stop() {
	p.t.Helper()
	p.stopped = true
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("lostorder did not end within %s of SIGTERM", patience)
		return
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("lostorder ended with code %d", code)
	}
	for _, trouble := range []string{"DATA RACE", "panic", "level=ERROR msg=\"collector"} {
		if strings.Contains(p.log.text(), trouble) {
			p.t.Errorf("the log has %q:\n%s", trouble, p.log.tail(200))
		}
	}
}

func writeConfig(t *testing.T, config settings) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lostorder.yml")
	rewrite(t, file, config.String())
	return file
}

func rewrite(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// logbook keeps the log of a program.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

func (l *logbook) read(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		l.mu.Lock()
		if line != "" {
			l.lines = append(l.lines, strings.TrimSuffix(line, "\n"))
		}
		l.mu.Unlock()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				l.mu.Lock()
				l.lines = append(l.lines, "read log: "+err.Error())
				l.mu.Unlock()
			}
			return
		}
	}
}

func (l *logbook) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines[max(0, len(l.lines)-n):], "\n")
}

func (l *logbook) text() string { return l.tail(1 << 30) }
