//go:build integration

package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// server is a real server that the test may stop, kill and start again.
type server struct {
	t       *testing.T
	name    string // of the table
	target  string // of lostorder: collector/name
	addr    string // its own; lostorder is given the proxy's
	proxy   *proxy
	command func() *exec.Cmd
	ready   func() error // nil once it answers
	refill  func()       // makes again what does not survive the server's death; may be nil
	cmd     *exec.Cmd
	log     string
}

// folder makes a folder that only a server's user may enter, and the way to run as that user.
func folder(t *testing.T, users ...string) (dir string, as *syscall.SysProcAttr) {
	t.Helper()
	dir, err := os.MkdirTemp("", "lostorder-faults-server-") //nolint:usetesting // the test's own folder belongs to root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as = &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() != 0 {
		return dir, as
	}
	for _, name := range append(users, "nobody") {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return dir, as
	}
	t.Fatalf("there is none of the users %q", users)
	return "", nil
}

// finish runs a command that has to succeed.
func finish(t *testing.T, as *syscall.SysProcAttr, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = as
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// freePort returns an address that stays free while its server is down: below the ports of
// outgoing connections and above those of test/parts/run.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 30000+rand.IntN(2000)))
		if err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free between 30000 and 31999")
	return ""
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}

// start starts the server and waits until it answers.
func (s *server) start() {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	s.cmd = s.command()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start %s: %v", s.name, err)
	}
	eventually(s.t, s.name+" answers", func() string {
		if err := s.ready(); err != nil {
			return err.Error()
		}
		return ""
	})
}

// run starts the server and kills it at the end of the test.
func (s *server) run() {
	s.t.Helper()
	s.log = filepath.Join(s.t.TempDir(), "server.log")
	s.t.Cleanup(func() {
		s.signal(syscall.SIGCONT)
		s.kill()
		if text, err := os.ReadFile(s.log); err == nil && s.t.Failed() {
			s.t.Logf("end of the log of %s:\n%s", s.name, text[max(0, len(text)-2000):])
		}
	})
	s.start()
}

// signal sends a signal to the server and every process that it started.
func (s *server) signal(what syscall.Signal) {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	for _, pid := range family(s.cmd.Process.Pid) {
		_ = syscall.Kill(pid, what)
	}
}

// kill ends the server as a power cut does.
func (s *server) kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	s.signal(syscall.SIGKILL)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// family is a process and all its descendants.
func family(pid int) []int {
	children := map[int][]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		children[parent] = append(children[parent], child)
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}
