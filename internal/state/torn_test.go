package state_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// TestCrashAtAnyMomentLeavesAWholeMemory copies the files while they are written, as a
// crash leaves them, tears them, and starts from the copy: it finds what one of the writes
// wrote, or sets the file aside. It never fails to start.
func TestCrashAtAnyMomentLeavesAWholeMemory(t *testing.T) {
	dir := t.TempDir()
	var copies []string
	keep := func() { copies = append(copies, copyFiles(t, dir)) }
	synctest.Test(t, func(t *testing.T) { writeFourTimes(t, dir, keep) })
	keep()

	rapid.Check(t, func(r *rapid.T) {
		torn, err := os.MkdirTemp(t.TempDir(), "torn") //nolint:usetesting // one folder for each of the checks
		if err != nil {
			r.Fatal(err)
		}
		from := rapid.SampledFrom(copies).Draw(r, "copy")
		damaged := false
		for _, path := range files(t, from) {
			text, err := os.ReadFile(path)
			if err != nil {
				r.Fatal(err)
			}
			name := filepath.Base(path)
			// A write reaches the disk in any part: the log is cut off, or a block of it is old.
			if name == "lostorder.db-wal" || rapid.IntRange(0, 3).Draw(r, "tear "+name) == 0 {
				damaged = damaged || name == "lostorder.db"
				text = tear(r, text)
			}
			if err := os.WriteFile(filepath.Join(torn, name), text, 0o600); err != nil {
				r.Fatal(err)
			}
		}
		next := start(t, torn)
		defer next.run(t, newSource())()
		health := next.Health()
		if health.Err != nil {
			r.Fatalf("it does not start: %v", health.Err)
		}
		open := next.memory.Open
		dropped := health.Dropped[watch.DroppedCorrupt] > 0
		if dropped && !damaged {
			r.Fatalf("a torn log costs the memory: %s", next.log)
		}
		for i := range open {
			if open[i].Finding.Count != open[0].Finding.Count {
				r.Fatalf("findings of two writes: %d and %d", open[0].Finding.Count, open[i].Finding.Count)
			}
		}
		if len(open) > 0 && !dropped && len(open) != 20*(int(open[0].Finding.Count)+1) {
			r.Fatalf("%d findings of write %d", len(open), open[0].Finding.Count)
		}
	})
}

// writeFourTimes writes four memories, and calls keep after each.
func writeFourTimes(t *testing.T, dir string, keep func()) {
	s := newSource()
	p := start(t, dir)
	defer p.run(t, s)()
	for write := range 4 {
		s.set(func(m *watch.Memory) {
			m.Open = nil
			for i := range 20 * (write + 1) {
				f := finding(fmt.Sprint(i))
				f.Finding.Count = int64(write) // all of one write have the same
				m.Open = append(m.Open, f)
			}
		})
		p.Changed()
		<-s.written
		keep()
		time.Sleep(writePause)
	}
}

// tear cuts a file off, or overwrites a part of it.
func tear(r *rapid.T, text []byte) []byte {
	if len(text) == 0 {
		return text
	}
	at := rapid.IntRange(0, len(text)-1).Draw(r, "at")
	if rapid.Bool().Draw(r, "cut") {
		return text[:at]
	}
	torn := append([]byte(nil), text...)
	for i := at; i < min(len(torn), at+rapid.IntRange(1, 8192).Draw(r, "bytes")); i++ {
		torn[i] = 0
	}
	return torn
}

var _ state.Source = (*source)(nil)
