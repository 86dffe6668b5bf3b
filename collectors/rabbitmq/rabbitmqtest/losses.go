// Package rabbitmqtest keeps tests of several packages out of each other's way on
// one RabbitMQ: a node counts the messages that it drops for all its queues together,
// so that a test in which nothing may be lost cannot run beside one that loses some.
package rabbitmqtest

import (
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// LosesNothing waits until no test loses messages on the node of an address, and keeps
// those that would waiting until the test is over.
func LosesNothing(t *testing.T, address string) {
	t.Helper()
	gate := lock(t, address, ".gate", syscall.LOCK_SH)
	inside := lock(t, address, "", syscall.LOCK_SH)
	t.Cleanup(func() { _ = inside.Close() })
	_ = gate.Close()
}

// Loses waits until the test is the only one on the node, of both kinds, and blocks the
// others until it is over. Tests that start after it wait for it.
func Loses(t *testing.T, address string) {
	t.Helper()
	gate := lock(t, address, ".gate", syscall.LOCK_EX)
	inside := lock(t, address, "", syscall.LOCK_EX)
	t.Cleanup(func() { _, _ = inside.Close(), gate.Close() })
}

// lock takes a lock that tests of other packages, which are other processes, heed. It
// ends when the file is closed, and with the process at the latest.
func lock(t *testing.T, address, kind string, how int) *os.File {
	t.Helper()
	name := fnv.New64a()
	_, _ = name.Write([]byte(address))
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "lostorder-rabbitmq-"+strconv.FormatUint(name.Sum64(), 16)+kind), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	err = syscall.EINTR
	for errors.Is(err, syscall.EINTR) {
		err = syscall.Flock(int(file.Fd()), how)
	}
	if err != nil {
		t.Fatalf("wait for other tests on the same RabbitMQ: %v", err)
	}
	return file
}
