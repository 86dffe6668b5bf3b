package state_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFindingsAndTargetsAreReadAsTheyWereWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := newSource(finding("a"), finding("b"))
	s.memory.Closed = []signal.Finding{closed("c", noon.Add(-time.Hour)), closed("c", noon.Add(-2*time.Hour))}
	save(t, dir, s)
	p := start(t, dir)
	defer p.run(t, s)()
	same(t, "open", p.memory.Open, s.memory.Open)
	same(t, "closed", p.memory.Closed, s.memory.Closed)
	same(t, "targets", p.memory.Targets, s.memory.Targets)
	info, err := os.Stat(filepath.Join(dir, "lostorder.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v: order ids are for this user only", err, info.Mode())
	}
}

func TestWhatIsGoneIsRemoved(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, newSource(finding("a"), finding("b")))
	save(t, dir, newSource(finding("b")))
	p := start(t, dir)
	defer p.run(t, newSource())()
	if len(p.memory.Open) != 1 || p.memory.Open[0].Finding.ID != "b" {
		t.Errorf("open: %+v", p.memory.Open)
	}
}

func TestFindingsAreAnnouncedOnceTheyAreWritten(t *testing.T) {
	dir := t.TempDir()
	s := newSource(finding("a"))
	p := start(t, dir)
	p.run(t, s)
	p.Changed()
	<-s.written
	// The process is killed: nothing is closed, and its lock is gone with it. The copy is
	// what the next process finds.
	copied := copyFiles(t, dir)
	next := start(t, copied)
	defer next.run(t, newSource())()
	if len(next.memory.Open) != 1 {
		t.Errorf("announced and not written: %s", next.log)
	}
}

func TestWritesAreAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSource()
		p := start(t, t.TempDir())
		defer p.run(t, s)()
		begin := time.Now()
		for range 3 {
			p.Changed()
			<-s.written
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("three writes within %v", took)
		}
	})
}

// endingSource ends lostorder while its memory is written.
type endingSource struct {
	*source
	end func()
}

func (s endingSource) Remember(all bool, each func(*detect.Memory)) (watch.Memory, func()) {
	s.end()
	return s.source.Remember(all, each)
}

func TestWriteThatHasBegunAtTheEndIsFinished(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	p.Changed()
	p.Run(ctx, endingSource{newSource(finding("a")), cancel})
	if h := p.Health(); h.Err != nil || h.Failures > 0 {
		t.Errorf("%+v, log: %s", h, p.log)
	}
	next := start(t, dir)
	defer next.run(t, newSource())()
	if len(next.memory.Open) != 1 {
		t.Errorf("open: %+v", next.memory.Open)
	}
}

func TestRenamedTargetStartsWithoutMemory(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, newSource(finding("a")))
	renamed := signal.TargetID{Collector: "kafka", Target: "renamed"}
	p := start(t, dir)
	part := state.Of(p.memory, []signal.TargetID{renamed}, p.Log)
	if len(part.Open)+len(part.Targets) > 0 || !strings.Contains(p.log.String(), "starts without memory under its new name") {
		t.Errorf("%+v, log: %s", part, p.log)
	}
	p.run(t, newSource())()
}

func TestRemovedTargetIsRememberedForADay(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, newSource(finding("a")))
	without := newSource()
	without.memory.Targets = nil
	for _, tc := range []struct {
		after time.Duration
		open  int
	}{{time.Hour, 1}, {23 * time.Hour, 1}, {25 * time.Hour, 1}, {26 * time.Hour, 0}} {
		without.memory.At = noon.Add(tc.after)
		p := start(t, dir, func(o *state.Options) { o.Now = func() time.Time { return noon.Add(tc.after) } })
		if len(p.memory.Open) != tc.open {
			t.Errorf("after %v: %d open findings, want %d", tc.after, len(p.memory.Open), tc.open)
		}
		p.run(t, without)()
		if dropped := p.Health().Dropped[watch.DroppedRemoved]; dropped != 0 != (tc.after == 25*time.Hour) {
			t.Errorf("after %v: dropped %d", tc.after, dropped)
		}
	}
}

func TestOrdersAreDroppedWhenPrivacyChanges(t *testing.T) {
	dir := t.TempDir()
	s := newSource(finding("a"))
	s.memory.Closed = []signal.Finding{closed("c", noon)}
	save(t, dir, s)
	p := start(t, dir, func(o *state.Options) { o.Veil = hashed{} })
	defer p.run(t, s)()
	for _, f := range []signal.Finding{p.memory.Open[0].Finding, p.memory.Closed[0]} {
		if f.OrderIDs != nil || f.Traced != nil || f.Evidence != nil || f.Since.IsZero() {
			t.Errorf("restored as %+v", f)
		}
	}
	if p.Health().Dropped[watch.DroppedPrivacy] != 1 {
		t.Error("not counted")
	}
	for _, path := range files(t, dir) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "order-1") {
			t.Errorf("%s still names an order", path)
		}
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v, files %v", err, paths)
	}
	return paths
}

// copyFiles copies a directory as a crash leaves it.
func copyFiles(t *testing.T, dir string) (copied string) {
	t.Helper()
	copied = t.TempDir()
	for _, path := range files(t, dir) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, filepath.Base(path)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}
