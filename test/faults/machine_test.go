//go:build integration

package faults_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver
)

func openFile(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestNameThatDoesNotResolveIsShownAndRecovers runs lostorder with a hosts file and a resolver of its
// own.
func TestNameThatDoesNotResolveIsShownAndRecovers(t *testing.T) {
	t.Parallel()
	p := newPostgres(t)
	dir := t.TempDir()
	hosts, resolver := filepath.Join(dir, "hosts"), filepath.Join(dir, "resolv.conf")
	const known = "127.0.0.1 localhost\n127.0.0.1 orders-db.faults.test\n"
	write(t, hosts, known)
	write(t, resolver, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n") // no server is there
	c := settings{}
	p.outbox(c, p.url("orders-db.faults.test:"+port(p.proxy.Listen)))
	beside(t, c)
	w := observe(t, c.String(), []string{p.target, "orders/healthy"}, "unshare", "--mount", "--propagation", "private", "sh", "-c",
		fmt.Sprintf(`mount --bind %s /etc/hosts && mount --bind %s /etc/resolv.conf && exec "$@"`, hosts, resolver), "sh")
	w.breaks("machine", p.target, fault{
		name: "the name of the server does not resolve", shows: "orders-db.faults.test", inject: func() { write(t, hosts, "127.0.0.1 localhost\n"); p.proxy.cut() },
		repair: func() { write(t, hosts, known) },
	})
}

// TestFullDiskStopsNoReading fills the disk on which lostorder keeps its memory.
func TestFullDiskStopsNoReading(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("mount a small disk: %v; this test needs root, as the servers' packages do", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	c := settings{}
	beside(t, c)
	w := observe(t, c.String()+fmt.Sprintf("state: {dir: %q}\n", filepath.Join(dir, "state")), []string{"orders/healthy"})
	ballast := filepath.Join(dir, "ballast")
	w.breaks("machine", "", fault{name: "the disk of state is full", inject: func() {
		if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err == nil {
			t.Error("the disk is not full")
		}
	}, repair: func() {
		if err := os.Remove(ballast); err != nil {
			t.Error(err)
		}
	}})
	_ = w.cmd.Process.Kill()
	<-w.exited
	w.run()
	w.row = row{system: "machine", fault: "the disk was full, and lostorder starts again"}
	w.recovers("all", *length)
}

// TestNoFileDescriptorLeftIsShownAndRecovers takes the descriptors while connections are cut.
func TestNoFileDescriptorLeftIsShownAndRecovers(t *testing.T) {
	t.Parallel()
	p := newPostgres(t)
	c := settings{}
	p.outbox(c, p.url(p.proxy.Listen))
	beside(t, c)
	w := observe(t, c.String(), []string{p.target, "orders/healthy"})
	var before unix.Rlimit
	if err := unix.Prlimit(w.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	limit := func(n uint64) {
		if err := unix.Prlimit(w.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: before.Max}, nil); err != nil {
			t.Error(err)
		}
	}
	w.sample("") // keeps a connection to the API
	w.breaks("machine", p.target, fault{name: "no file descriptor is left", shows: "too many open files; raise the limit", inject: func() {
		limit(3)
		p.proxy.cut()
	}, repair: func() { limit(before.Cur) }})
	if strings.Contains(w.logged(), "panic") {
		t.Error("lostorder panicked")
	}
}
