package state_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// file is that of the memory.
func file(dir string) string { return filepath.Join(dir, "lostorder.db") }

// TestUselessFileIsSetAside: lostorder starts from nothing with a warning and a metric, and
// the next start has what was written since.
func TestUselessFileIsSetAside(t *testing.T) {
	execute := func(statement string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			db, err := sql.Open("sqlite", file(dir))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	rewrite := func(change func(text []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			text, err := os.ReadFile(file(dir))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file(dir), change(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		damage func(t *testing.T, dir string)
		reason watch.Reason
		kept   string
	}{
		"another file":                {rewrite(func([]byte) []byte { return []byte(strings.Repeat("not a database ", 1000)) }), watch.DroppedCorrupt, ".damaged"},
		"a truncated file":            {rewrite(func(text []byte) []byte { return text[:len(text)/2] }), watch.DroppedCorrupt, ".damaged"},
		"pages of zeros":              {rewrite(func(text []byte) []byte { return append(text[:8192:8192], make([]byte, len(text)-8192)...) }), watch.DroppedCorrupt, ".damaged"},
		"a database of somebody else": {execute("PRAGMA application_id = 7"), watch.DroppedCorrupt, ".damaged"},
		"an unknown old format":       {execute("PRAGMA user_version = -1"), watch.DroppedCorrupt, ".damaged"},
		"a newer format":              {execute("PRAGMA user_version = 99"), watch.DroppedVersion, ".newer"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			save(t, dir, newSource(finding("a"), finding("b")))
			tc.damage(t, dir)
			p := start(t, dir)
			if len(p.memory.Open) > 0 || p.Health().Err != nil || p.Health().Dropped[tc.reason] != 1 || !strings.Contains(p.log.String(), "starts from nothing") {
				t.Errorf("%+v, %+v, log: %s", p.memory, p.Health(), p.log)
			}
			if _, err := os.Stat(file(dir) + tc.kept); err != nil {
				t.Error(err)
			}
			p.run(t, newSource(finding("c")))()
			next := start(t, dir)
			defer next.run(t, newSource())()
			if len(next.memory.Open) != 1 {
				t.Errorf("the next start finds %+v", next.memory.Open)
			}
		})
	}
}

func TestChangedRecordIsDroppedAloneWhileTheOthersStay(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, newSource(finding("a"), finding("b")))
	text, err := os.ReadFile(file(dir))
	if err != nil {
		t.Fatal(err)
	}
	// One bit of the disk flips, within a record.
	changed := bytes.Replace(text, []byte(`"id":"a"`), []byte(`"id":"c"`), 1)
	if err := os.WriteFile(file(dir), changed, 0o600); err != nil || bytes.Equal(text, changed) {
		t.Fatal(err, "nothing changed")
	}
	p := start(t, dir)
	defer p.run(t, newSource())()
	if len(p.memory.Open) != 1 || p.memory.Open[0].Finding.ID != "b" || p.Health().Dropped[watch.DroppedCorrupt] != 1 {
		t.Errorf("%+v, %+v", p.memory.Open, p.Health())
	}
}

// TestDirectoryThatCannotBeUsedIsAnErrorAndNoEnd: lostorder works without memory and says so.
func TestDirectoryThatCannotBeUsedIsAnErrorAndNoEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare func(t *testing.T, dir string) (used string)
		says    string
		failed  int64
	}{
		"a file in its place": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "file")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, "not a directory", 2},
		"no permission for the directory": {func(t *testing.T, dir string) string { return protected(t, dir, 0o500) }, "permission denied", 1},
		"a read-only directory that holds a memory": {func(t *testing.T, dir string) string {
			save(t, dir, newSource(finding("a")))
			for _, path := range files(t, dir) {
				if err := os.Chmod(path, 0o400); err != nil {
					t.Fatal(err)
				}
			}
			return protected(t, dir, 0o500)
		}, "permission denied", 1},
		"no permission for the file": {func(t *testing.T, dir string) string {
			save(t, dir, newSource(finding("a")))
			if err := os.Chmod(file(dir), 0o400); err != nil {
				t.Fatal(err)
			}
			return protected(t, dir, 0o700)
		}, "permission denied", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, tc.prepare(t, t.TempDir()))
			if err := p.Health().Err; err == nil || !strings.Contains(err.Error(), tc.says) || len(p.memory.Open) > 0 {
				t.Errorf("err %v, want %q", err, tc.says)
			}
			if !strings.Contains(p.log.String(), "starts without its memory") {
				t.Errorf("log: %s", p.log)
			}
			s := newSource(finding("a"))
			stop := p.run(t, s)
			p.Changed()
			<-s.written // announced all the same
			stop()
			if h := p.Health(); h.Failures < tc.failed {
				t.Errorf("%d failures are counted", h.Failures)
			}
		})
	}
}

// protected takes the rights of a privileged user from the goroutine of the test, so that
// modes count in it.
func protected(t *testing.T, dir string, mode os.FileMode) string {
	t.Helper()
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		runtime.LockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = syscall.Setfsuid(0)
			runtime.UnlockOSThread()
		})
	}
	return dir
}

func TestFullDiskIsAnErrorUntilThereIsRoom(t *testing.T) {
	dir := t.TempDir()
	restore := state.SetMaxPages(8) // 64 KiB
	defer restore()
	s := newSource(finding("a"))
	save(t, dir, s)
	for i := range 200 {
		s.memory.Open = append(s.memory.Open, finding(fmt.Sprint("more-", i)))
	}
	s = newSource(s.memory.Open...)
	p := start(t, dir)
	stop := p.run(t, s)
	p.Changed()
	<-s.written
	if err := p.Health().Err; err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("err %v", err)
	}
	s.set(func(m *watch.Memory) { m.Open = m.Open[:2] })
	stop() // writes once more
	if err := p.Health().Err; err != nil || !strings.Contains(p.log.String(), "the memory is written again") {
		t.Errorf("err %v, log: %s", err, p.log)
	}
	next := start(t, dir)
	defer next.run(t, s)()
	if len(next.memory.Open) != 2 {
		t.Errorf("the next start finds %d open findings", len(next.memory.Open))
	}
}

// TestFullFileSystemIsAnErrorUntilThereIsRoom mounts a file system of one megabyte, and fills it.
func TestFullFileSystemIsAnErrorUntilThereIsRoom(t *testing.T) {
	dir := mounted(t, "size=1m")
	s := newSource(finding("a"))
	save(t, dir, s)
	filler := filepath.Join(dir, "another program")
	fill(t, filler)
	// A start on a full disk reads what is there.
	s = newSource(finding("a"), finding("b"))
	p := start(t, dir)
	if len(p.memory.Open) != 1 {
		t.Errorf("it starts with %+v, %+v, log: %s", p.memory.Open, p.Health(), p.log)
	}
	stop := p.run(t, s)
	p.Changed()
	<-s.written // announced all the same
	if err := p.Health().Err; err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("err %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	stop() // writes once more
	if err := p.Health().Err; err != nil {
		t.Errorf("err %v, log: %s", err, p.log)
	}
	next := start(t, dir)
	defer next.run(t, s)()
	if len(next.memory.Open) != 2 {
		t.Errorf("the next start finds %d open findings", len(next.memory.Open))
	}
}

// TestStartOnAFullFileSystemIsAnErrorAndNoEnd: without a file there, it has nothing to read.
func TestStartOnAFullFileSystemIsAnErrorAndNoEnd(t *testing.T) {
	dir := mounted(t, "size=1m")
	fill(t, filepath.Join(dir, "another program"))
	s := newSource(finding("a"))
	p := start(t, dir)
	if err := p.Health().Err; err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("err %v", err)
	}
	stop := p.run(t, s)
	p.Changed()
	<-s.written
	if err := os.Remove(filepath.Join(dir, "another program")); err != nil {
		t.Fatal(err)
	}
	stop()
	next := start(t, dir)
	defer next.run(t, s)()
	if len(next.memory.Open) != 1 {
		t.Errorf("the next start finds %d open findings, log: %s", len(next.memory.Open), p.log)
	}
}

// TestReadOnlyFileSystemIsAnErrorAndNoEnd remounts it read-only below a memory.
func TestReadOnlyFileSystemIsAnErrorAndNoEnd(t *testing.T) {
	dir := mounted(t, "size=1m")
	save(t, dir, newSource(finding("a")))
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	s := newSource(finding("a"))
	p := start(t, dir)
	if err := p.Health().Err; err == nil || !strings.Contains(err.Error(), "read-only file system") || !strings.Contains(p.log.String(), "starts without its memory") {
		t.Errorf("err %v, log: %s", err, p.log)
	}
	stop := p.run(t, s)
	p.Changed()
	<-s.written
	stop()
}

// mounted is a small file system of its own.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("to mount a file system takes root, or CAP_SYS_ADMIN: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for range 1024 {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the file system is not full")
}

func TestSecondProcessOnOneDirectoryWorksWithoutMemory(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	stop := first.run(t, newSource(finding("a")))
	second := start(t, dir)
	if err := second.Health().Err; err == nil || !strings.Contains(err.Error(), "another process uses the directory") {
		t.Errorf("err %v", err)
	}
	stop()
	// The first has ended: the second takes over, and keeps what closed before.
	s := newSource(finding("b"))
	second.run(t, s)()
	if err := second.Health().Err; err != nil {
		t.Error(err)
	}
	next := start(t, dir)
	defer next.run(t, s)()
	if len(next.memory.Open) != 1 || next.memory.Open[0].Finding.ID != "b" {
		t.Errorf("open: %+v", next.memory.Open)
	}
}

func TestDirectoryThatIsRemovedIsMadeAgain(t *testing.T) {
	synctest.Test(t, removeDirectory) // the pause between two writes passes at once
}

func removeDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := newSource(finding("a"))
	p := start(t, dir)
	stop := p.run(t, s)
	p.Changed()
	<-s.written
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	s.set(func(m *watch.Memory) { m.Open = append(m.Open, finding("b")) })
	time.Sleep(writePause)
	p.Changed()
	<-s.written
	stop()
	next := start(t, dir)
	defer next.run(t, s)()
	if len(next.memory.Open) != 2 {
		t.Errorf("open: %+v, log: %s", next.memory.Open, p.log)
	}
}

// writePause is how long the keeper waits between two writes.
const writePause = time.Second

func TestMemoryFromTheFutureIsDropped(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, newSource(finding("a")))
	p := start(t, dir, func(o *state.Options) { o.Now = func() time.Time { return noon.Add(-time.Hour) } })
	defer p.run(t, newSource())()
	if len(p.memory.Open) != 1 || p.memory.Targets[0].Identity != "" || !p.memory.Targets[0].At.IsZero() || p.Health().Dropped[watch.DroppedClock] != 1 {
		t.Errorf("%+v, log: %s", p.memory, p.log)
	}
}
