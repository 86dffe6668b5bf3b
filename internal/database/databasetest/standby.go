//go:build integration

package databasetest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Standby makes a read replica of $POSTGRES_URL on this machine, and returns it open
// for an administrator, with the URL for a user of a shop on it. The test is skipped
// where the server's programs are not at hand.
func Standby(t *testing.T, s *Shop) (admin *sql.DB, watch string) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_basebackup")
	if len(found) == 0 {
		t.Skip("there is no pg_basebackup: install postgresql")
	}
	bin := filepath.Dir(found[len(found)-1])
	primary := address(t, "POSTGRES_URL", "postgres")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	home, err := os.MkdirTemp("", "lostorder-standby-") //nolint:usetesting // nobody but us may enter the folder of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	as := owner(t, home, "postgres")
	dir := filepath.Join(home, "db")
	password, _ := primary.User.Password()
	// Other tests make so much of the log, and checkpoints, that what the standby needs
	// would be gone before it asks.
	slot := fmt.Sprintf("standby_%d", rand.Uint64())
	server := openDB(t, "pgx", primary.String())
	t.Cleanup(func() { // when the standby has stopped, which the primary notices a moment later
		_, err := server.Exec("SELECT pg_drop_replication_slot($1)", slot)
		for late := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(late); time.Sleep(50 * time.Millisecond) {
			_, err = server.Exec("SELECT pg_drop_replication_slot($1)", slot)
		}
		if err != nil {
			t.Errorf("drop the slot of the standby: %v", err)
		}
	})
	backup := exec.Command(filepath.Join(bin, "pg_basebackup"), "--no-sync", "--checkpoint=fast", "--write-recovery-conf", "--create-slot", "--slot="+slot, "--pgdata="+dir,
		"--host="+primary.Hostname(), "--port="+primary.Port(), "--username="+primary.User.Username())
	backup.SysProcAttr, backup.Dir, backup.Env = as, home, append(os.Environ(), "PGPASSWORD="+password)
	if out, err := backup.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	replica := exec.Command(filepath.Join(bin, "postgres"), "-D", dir, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
	replica.SysProcAttr, replica.Dir = as, home
	if err := replica.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = replica.Process.Signal(syscall.SIGQUIT)
		_ = replica.Wait()
	})
	at := *primary
	at.Host = net.JoinHostPort("127.0.0.1", port)
	admin = openDB(t, "pgx", at.String())
	for deadline := time.Now().Add(2 * time.Minute); admin.PingContext(t.Context()) != nil; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the standby does not come up")
		}
	}
	u, err := url.Parse(s.At(at.Host))
	if err != nil {
		t.Fatal(err)
	}
	return admin, u.String()
}

// owner is a user that the server may run as, which is not root, and gives it a
// folder: the first of some that there is.
func owner(t *testing.T, dir string, names ...string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(fmt.Errorf("give %s to %s: %w", dir, name, err))
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	t.Skipf("there is none of the users %q", names)
	return nil
}
