package detect_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// TestLostorderThatLosesPowerEqualsOneThatNeverDid is the model of
// TestDetectorThatCrashesEqualsOneThatNeverDid with the real memory on a disk that keeps any
// part of what was not synchronized. lostorder under test crashes while it writes a reading, or
// after. It must start again with that reading or without it, as a whole, and never find its
// memory damaged. The model gets the readings that survived. Nothing may be announced twice.
//
// A check has about 10 crashes; make crash-test makes ten thousand.
func TestLostorderThatLosesPowerEqualsOneThatNeverDid(t *testing.T) {
	crashes, torn, lost := 0, 0, 0
	modes := map[signal.Mode]int{}
	root := t.TempDir()
	fewer(t, 25)
	synctest.Test(t, func(t *testing.T) { // so that the time between writes passes at once
		rapid.Check(undated{t}, func(r *rapid.T) {
			w := newWorld()
			model := newTwin(detect.New())
			p := &powered{r: r, root: root, world: w, announced: map[string]bool{}, early: map[string]bool{}}
			defer func() { p.off(); p.remove() }()
			p.start(newDir(r, root))
			last := w.now // the last reading that survived
			for range rapid.IntRange(10, 60).Draw(r, "readings") {
				if rapid.IntRange(0, 5).Draw(r, "downtime") == 0 {
					for range rapid.IntRange(4, 40).Draw(r, "missed readings") {
						w.change(r)
					}
				}
				w.change(r)
				readings := w.readings()
				before := p.files()
				changed := p.observe(readings)
				if rapid.IntRange(0, 2).Draw(r, "crash") == 0 {
					crashes++
					after := p.files()
					files := fault(r, before, after)
					if slices.ContainsFunc(files, func(f file) bool { return !before.has(f) && !after.has(f) }) {
						torn++
					}
					p.off()
					if !p.restart(files, readings) {
						lost++
						continue // the model did not see it either
					}
				}
				p.announce(changed)
				var a []detect.Change
				for _, report := range readings {
					a = append(a, model.observe(report)...)
				}
				for _, c := range a {
					modes[c.Finding.Mode]++
				}
				s := p.watch.Snapshot()
				compare(r, model, a, observed{s.Open, s.Expiries, changed, p.early}, w.now.Sub(last) >= 3*interval)
				last = w.now
			}
		})
	})
	t.Logf("%d crashes, %d with torn files, %d lost a reading; findings that opened or closed: %v", crashes, torn, lost, modes)
	if crashes < 100 || torn < crashes/10 || lost < crashes/20 || len(modes) < 8 {
		t.Error("too few of something")
	}
}

// writePause is how long the memory waits between two writes.
const writePause = time.Second

// fewer makes fewer checks than rapid does by default, unless the command line says how many.
func fewer(t *testing.T, checks int) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
}

// undated is a test that does not say when it must end, which a bubble of time does not know.
type undated struct{ *testing.T }

func (undated) Deadline() (time.Time, bool) { return time.Time{}, false }

// powered is lostorder with a memory on a disk.
type powered struct {
	r     *rapid.T
	root  string
	world *world

	dir     string
	watch   *watch.Watch
	off     func() // ends it
	changes []detect.Change
	// announced are the findings that were announced as open, and not as closed.
	announced map[string]bool
	early     map[string]bool
}

func newDir(r *rapid.T, root string) string {
	dir, err := os.MkdirTemp(root, "disk-")
	if err != nil {
		r.Fatal(err)
	}
	return dir
}

// start starts lostorder on a directory.
func (p *powered) start(dir string) *watch.Memory {
	log := slog.New(slog.DiscardHandler)
	now := func() time.Time { return p.world.now }
	keeper, memory := state.New(p.r.Context(), state.Options{Dir: dir, Now: now, Log: log})
	if h := keeper.Health(); h.Err != nil || h.Dropped[watch.DroppedCorrupt] > 0 {
		p.r.Fatalf("it does not read its memory: %v, dropped %v", h.Err, h.Dropped)
	}
	p.dir, p.changes = dir, nil
	p.watch = watch.New(now, log, func(c detect.Change) { p.changes = append(p.changes, c) })
	p.watch.Restore(*memory)
	p.watch.Keep(keeper)
	var targets []collectors.Target
	for _, report := range p.world.readings() {
		targets = append(targets, collectors.Target{ID: report.TargetID})
	}
	p.watch.Expect(targets)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	running := p.watch
	go func() {
		defer close(done)
		keeper.Run(ctx, running)
	}()
	p.off = func() { cancel(); <-done }
	// From now on it is always a moment after a write: all readings of a moment are in the next.
	keeper.Changed()
	time.Sleep(writePause / 10)
	synctest.Wait()
	return memory
}

// observe gives it the readings of all targets, and returns what it announced once they were
// written.
func (p *powered) observe(readings []signal.Report) []detect.Change {
	p.changes = nil
	for _, report := range readings {
		p.watch.Report(report)
	}
	time.Sleep(writePause)
	synctest.Wait()
	return slices.Clone(p.changes)
}

// announce notes what was announced.
func (p *powered) announce(changes []detect.Change) {
	for _, c := range changes {
		if c.Kind == detect.Opened && p.announced[c.Finding.ID] {
			p.r.Fatalf("announced twice: %s", summary(&c.Finding))
		}
		p.announced[c.Finding.ID] = c.Kind == detect.Opened
	}
}

// restart starts it with what the disk kept, and reports whether that includes the last
// readings: all of them, or none.
func (p *powered) restart(kept files, readings []signal.Report) (survived bool) {
	p.remove()
	dir := newDir(p.r, p.root)
	for _, f := range kept {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.text, 0o600); err != nil {
			p.r.Fatal(err)
		}
	}
	memory := p.start(dir)
	n := 0
	for _, t := range memory.Targets {
		if slices.ContainsFunc(readings, func(r signal.Report) bool { return r.TargetID == t.ID && r.At.Equal(t.At) }) {
			n++
		}
	}
	if n != 0 && n != len(readings) {
		p.r.Fatalf("%d of %d readings survived", n, len(readings))
	}
	return n > 0
}

func (p *powered) remove() { _ = os.RemoveAll(p.dir) }

// file is a file of the memory.
type file struct {
	name string
	text []byte
}

type files []file

func (all files) has(f file) bool {
	return slices.ContainsFunc(all, func(o file) bool { return o.name == f.name && bytes.Equal(o.text, f.text) })
}

func (all files) get(name string) []byte {
	for _, f := range all {
		if f.name == name {
			return f.text
		}
	}
	return nil
}

// files are what the disk holds now.
func (p *powered) files() (all files) {
	for _, name := range []string{"lostorder.db", "lostorder.db-wal"} {
		text, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil && !os.IsNotExist(err) {
			p.r.Fatal(err)
		}
		all = append(all, file{name, text})
	}
	return all
}

// fault is what a disk holds that lost power while it went from one state to the next. SQLite
// synchronizes its log before it touches the file: so either any part of the log is new, or
// the log is, and any part of the file.
func fault(r *rapid.T, before, after files) files {
	const main, log = "lostorder.db", "lostorder.db-wal"
	switch rapid.IntRange(0, 4).Draw(r, "fault") {
	case 0: // not during a write
		return after
	case 1: // the log was written, and the file is being written
		return files{{main, mix(r, before.get(main), after.get(main))}, {log, after.get(log)}}
	default:
		return files{{main, before.get(main)}, {log, mix(r, before.get(log), after.get(log))}}
	}
}

// sector is what a disk writes as a whole.
const sector = 512

// mix keeps any sectors of the old text in the place of those of the new one, and cuts off what
// did not get there.
func mix(r *rapid.T, before, after []byte) []byte {
	mixed := slices.Clone(after)
	var changed []int
	for at := 0; at < len(after); at += sector {
		end := min(len(after), at+sector)
		if end > len(before) || !bytes.Equal(before[at:end], after[at:end]) {
			changed = append(changed, at)
		}
	}
	if len(changed) == 0 {
		return mixed
	}
	old := func(at int) {
		sector := mixed[at:min(len(mixed), at+sector)]
		clear(sector) // room that was made and not filled
		if at < len(before) {
			copy(sector, before[at:])
		}
	}
	// From somewhere on nothing was written, and a few sectors before that were not either.
	from := rapid.IntRange(0, len(changed)).Draw(r, "written sectors")
	for _, at := range changed[from:] {
		old(at)
	}
	for range rapid.IntRange(0, 2).Draw(r, "skipped sectors") {
		old(changed[rapid.IntRange(0, len(changed)-1).Draw(r, "sector")])
	}
	if from < len(changed) && rapid.Bool().Draw(r, "cut") {
		mixed = mixed[:max(changed[from], len(before))]
	}
	return mixed
}
