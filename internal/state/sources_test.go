package state_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// hashed is a veil for tests.
type hashed struct{}

func (hashed) Fingerprint() string                { return "hashed" }
func (hashed) Seal(text []byte) ([]byte, error)   { return flip(text), nil }
func (hashed) Unseal(text []byte) ([]byte, error) { return flip(text), nil }

func flip(text []byte) []byte {
	flipped := bytes.Clone(text)
	for i := range flipped {
		flipped[i] ^= 0xff
	}
	return flipped
}

const known = `{"position": "order-1", "suspects": ["order-1", "order-2"]}`

// keepSource saves what a source remembers of the target main.
func keepSource(t *testing.T, dir string, change ...func(*state.Options)) {
	t.Helper()
	p := start(t, dir, change...)
	p.Remember(main, []byte(known))
	p.run(t, newSource())()
	if err := p.Health().Err; err != nil {
		t.Fatal(err)
	}
}

func TestWhatASourceRemembersIsReadAsItWasWritten(t *testing.T) {
	for name, change := range map[string]func(*state.Options){
		"ids are shown":  func(*state.Options) {},
		"ids are hashed": func(o *state.Options) { o.Veil = hashed{} },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			keepSource(t, dir, change)
			save(t, dir, newSource(), change) // and again, without a change
			p := start(t, dir, change)
			if got := string(p.Recall(main)); got != known {
				t.Errorf("read %q, log: %s", got, p.log)
			}
			p.Remember(main, []byte("newer"))
			if got := string(p.Recall(main)); got != "newer" {
				t.Errorf("a target that is started again by a reload reads %q", got)
			}
			p.run(t, newSource())()
			for _, path := range files(t, dir) {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(name, "hashed") && bytes.Contains(text, []byte("order-")) {
					t.Errorf("%s names an order", path)
				}
			}
		})
	}
}

func TestWhatASourceRemembersIsDropped(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*state.Options)
		reason watch.Reason
	}{
		"when it comes from the future": {func(o *state.Options) { o.Now = func() time.Time { return noon.Add(-time.Hour) } }, watch.DroppedClock},
		"when privacy has changed":      {func(o *state.Options) { o.Veil = hashed{} }, watch.DroppedPrivacy},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			keepSource(t, dir)
			p := start(t, dir, tc.change)
			defer p.run(t, newSource())()
			if got := p.Recall(main); got != nil || p.Health().Dropped[tc.reason] != 1 {
				t.Errorf("read %q, %+v", got, p.Health())
			}
			for _, path := range files(t, dir) {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if tc.reason == watch.DroppedPrivacy && bytes.Contains(text, []byte("order-1")) {
					t.Errorf("%s still names an order", path)
				}
			}
		})
	}
}

func TestWhatASourceRemembersOfARemovedTargetIsKeptForADay(t *testing.T) {
	dir := t.TempDir()
	keepSource(t, dir)
	without := newSource()
	without.memory.Targets = nil
	for after, want := range map[time.Duration]string{23 * time.Hour: known} {
		at := func(o *state.Options) { o.Now = func() time.Time { return noon.Add(after) } }
		without.memory.At = noon.Add(after)
		p := start(t, dir, at)
		if got := string(p.Recall(main)); got != want {
			t.Errorf("after %v it is %q", after, got)
		}
		p.run(t, without)()
	}
	without.memory.At = noon.Add(25 * time.Hour)
	save(t, dir, without)
	p := start(t, dir)
	defer p.run(t, without)()
	if got := p.Recall(main); got != nil {
		t.Errorf("after more than a day it is %q", got)
	}
}

func TestWhatASourceRemembersIsWrittenOnceTheDirectoryCanBe(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	stop := first.run(t, newSource())
	second := start(t, dir) // another process has the directory
	second.Remember(main, []byte(known))
	s := newSource()
	end := second.run(t, s)
	second.Changed()
	<-s.written
	stop()
	end()
	third := start(t, dir)
	defer third.run(t, newSource())()
	if got := string(third.Recall(main)); got != known {
		t.Errorf("read %q, log: %s", got, third.log)
	}
}

func TestDamagedMemoryOfASourceIsDroppedAlone(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)
	p.Remember(main, []byte(known))
	p.run(t, newSource(finding("a")))()
	// It was written with a veil that this process does not have.
	next := start(t, dir, func(o *state.Options) { o.Veil = shown{} })
	defer next.run(t, newSource())()
	if got := next.Recall(main); got != nil || len(next.memory.Open) != 1 || next.Health().Dropped[watch.DroppedCorrupt] != 1 {
		t.Errorf("read %q, open %+v, %+v", got, next.memory.Open, next.Health())
	}
	if next.Recall(signal.TargetID{Collector: "kafka", Target: "other"}) != nil {
		t.Error("a target without memory has one")
	}
}

// shown is a veil that reads garbage.
type shown struct{}

func (shown) Fingerprint() string                { return "" }
func (shown) Seal(text []byte) ([]byte, error)   { return text, nil }
func (shown) Unseal(text []byte) ([]byte, error) { return flip(text), nil }
