package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/web"
)

// runHere is the mark of the blocks that TestCommandsInPagesRun runs.
const runHere = "run by: TestCommandsInPagesRun"

// TestCommandsInPagesRun runs the blocks of commands that need no server of the reader's, against
// a small shop with a stuck order.
func TestCommandsInPagesRun(t *testing.T) {
	file := stuckOrder(t, "state: {dir: state}\n")
	t.Setenv("SHOP_PASSWORD", "secret")
	url, finding := shopOf(t, file)
	n := 0
	for _, b := range blocks(t) {
		if b.mark != runHere {
			continue
		}
		n++
		t.Run(fmt.Sprintf("%s/%d", b.page, n), func(t *testing.T) {
			dir := t.TempDir()
			text, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "lostorder.yml"), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			s := shell{t: t, dir: dir, url: url}
			for _, line := range b.commands() {
				line = strings.NewReplacer("a1b2c3", finding, "ORDER_ID", "A-1017", "bin/lostorder", "lostorder", "./lostorder.yml", "lostorder.yml").Replace(line)
				s.line(line)
			}
			s.end()
		})
	}
	if n < 35 {
		t.Errorf("only %d blocks are run", n)
	}
}

// shopOf serves what a lostorder with the config says, and returns the id of its open finding.
func shopOf(t *testing.T, file string) (address, finding string) {
	t.Helper()
	f, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newService(slog.New(slog.DiscardHandler), web.External{})
	s.apply(t.Context(), f)
	t.Cleanup(s.manager.Stop)
	server := httptest.NewServer(s.handler(nil, false, false))
	t.Cleanup(server.Close)
	deadline := time.Now().Add(time.Minute)
	for len(s.watch.Snapshot().Open) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the shop has no finding")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return server.URL, s.watch.Snapshot().Open[0].ID
}

// shell runs the commands of a block one after another.
type shell struct {
	t        *testing.T
	dir, url string // of the lostorder that is asked
	pending  []string
	servers  []*exec.Cmd
}

// stays is a command line of a lostorder that runs until it is stopped.
var stays = regexp.MustCompile(`^(?:[A-Z_]+=\S+ )*lostorder(?: run\b| --|$)`)

func (s *shell) line(line string) {
	command, _, _ := strings.Cut(line, "  #")
	if !stays.MatchString(command) || regexp.MustCompile(`--(version|help|config\.check)\b`).MatchString(command) {
		s.pending = append(s.pending, line)
		return
	}
	s.flush()
	s.serve(command)
}

// flush runs the lines that have come in one shell: they may share variables.
func (s *shell) flush() {
	s.t.Helper()
	if len(s.pending) == 0 {
		return
	}
	script := strings.NewReplacer("http://lostorder:10404", s.url, "http://localhost:10404", s.url, "localhost:10404", strings.TrimPrefix(s.url, "http://")).Replace(strings.Join(s.pending, "\n"))
	s.pending = nil
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	run.Dir, run.Env = s.dir, append(os.Environ(), "LOSTORDER_URL="+s.url)
	if out, err := run.CombinedOutput(); err != nil {
		s.t.Errorf("%v\n%s\n%s", err, script, out)
	}
}

// serve starts a lostorder and waits until it answers. The lines after it ask this one.
func (s *shell) serve(command string) {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	var out bytes.Buffer
	run := exec.Command("bash", "-c", "exec env "+command+" --web.listen-address="+address)
	run.Dir, run.Stdout, run.Stderr = s.dir, &out, &out
	if err := run.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.servers = append(s.servers, run)
	s.url = "http://" + address
	prefix := ""
	if _, after, found := strings.Cut(command, "--web.external-url="); found { // it is served below the path of that address
		address, _, _ := strings.Cut(after, " ")
		if slash := strings.Index(strings.TrimPrefix(address, "https://"), "/"); slash >= 0 {
			prefix = strings.TrimSuffix(strings.TrimPrefix(address, "https://")[slash:], "/")
		}
	}
	for deadline := time.Now().Add(time.Minute); ; {
		answer, err := http.Get(s.url + prefix + "/-/ready")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			_ = run.Process.Kill()
			_ = run.Wait()
			s.t.Fatalf("%s is not ready: %v\n%s", command, err, out.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// end runs what is left, and stops what runs.
func (s *shell) end() {
	s.t.Helper()
	s.flush()
	for _, run := range slices.Backward(s.servers) {
		if err := run.Process.Signal(os.Interrupt); err != nil {
			s.t.Error(err)
		}
		if err := run.Wait(); err != nil {
			s.t.Errorf("%s ends with %v\n%s", run, err, run.Stdout)
		}
	}
}
