package collectors_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// diary notes what happens to a reader that remembers, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
	known string
	fails error
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) Read(context.Context, *signal.Report) error { d.note("read"); return nil }
func (d *diary) Close() error                               { d.note("close"); return nil }
func (d *diary) Recall(memory []byte)                       { d.note("recall " + string(memory)) }
func (d *diary) Report(signal.Report)                       { d.note("report") }

func (d *diary) Remember(last bool) ([]byte, error) {
	d.note(fmt.Sprintf("remember, last: %t", last))
	if d.known == "" {
		return nil, d.fails
	}
	return []byte(d.known), d.fails
}

var diaryID = signal.TargetID{Collector: "fake", Target: "diary"}

// runFor runs a target with a memory for one reading.
func (d *diary) runFor(t *testing.T, memory collectors.Memory, log *slog.Logger) {
	t.Helper()
	schedule := collectors.Schedule{Interval: config.Duration(15 * time.Second), Timeout: config.Duration(10 * time.Second)}
	target := collectors.Polled(diaryID, schedule, nil, func(*slog.Logger) collectors.Reader { return d })
	ctx, cancel := context.WithTimeout(collectors.WithMemory(t.Context(), memory), 10*time.Second)
	defer cancel()
	if err := target.New(log).Run(ctx, d); err != nil {
		t.Error(err)
	}
}

// TestReaderRemembersBeforeItsReadingIsReported: no finding is written without what it was
// found from.
func TestReaderRemembersBeforeItsReadingIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := &collectortest.Memory{}
		for _, tc := range []struct{ known, recalled string }{{"a", ""}, {"", "a"}, {"b", "a"}, {"", "b"}} {
			d := &diary{known: tc.known}
			d.runFor(t, memory, quiet)
			want := []string{"recall " + tc.recalled, "read", "remember, last: false", "report", "remember, last: true", "close"}
			if !slices.Equal(d.lines, want) {
				t.Errorf("%q, want %q", d.lines, want)
			}
		}
	})
}

func TestReaderWithoutMemoryRemembersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{known: "a"}
		d.runFor(t, nil, quiet)
		if want := []string{"read", "report", "close"}; !slices.Equal(d.lines, want) {
			t.Errorf("%q, want %q", d.lines, want)
		}
	})
}

func TestReaderThatCannotRememberIsReadAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		d := &diary{known: "half", fails: errors.New("too large")}
		memory := &collectortest.Memory{}
		d.runFor(t, memory, slog.New(slog.NewTextHandler(&log, nil)))
		if !slices.Contains(d.lines, "report") || memory.Recall(diaryID) != nil || !strings.Contains(log.String(), "too large") {
			t.Errorf("%q, kept %q, log: %s", d.lines, memory.Recall(diaryID), log.String())
		}
	})
}

// TestManagerGivesItsTargetsTheMemory: also one that a reload starts again.
func TestManagerGivesItsTargetsTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := &collectortest.Memory{Kept: map[signal.TargetID][]byte{diaryID: []byte("before")}}
		d := &diary{known: "after"}
		schedule := collectors.Schedule{Interval: config.Duration(15 * time.Second), Timeout: config.Duration(10 * time.Second)}
		target := func(version int) []collectors.Target {
			return []collectors.Target{collectors.Polled(diaryID, schedule, version, func(*slog.Logger) collectors.Reader { return d })}
		}
		m := collectors.NewManager(diaryWatcher{d}, quiet)
		m.Keep(memory)
		m.Apply(t.Context(), target(1))
		time.Sleep(10 * time.Second)
		m.Apply(t.Context(), target(2))
		time.Sleep(10 * time.Second)
		m.Stop()
		var recalled []string
		for _, line := range d.lines {
			if strings.HasPrefix(line, "recall") {
				recalled = append(recalled, line)
			}
		}
		if want := []string{"recall before", "recall after"}; !slices.Equal(recalled, want) {
			t.Errorf("%q, want %q", recalled, want)
		}
	})
}

// diaryWatcher is a Watcher.
type diaryWatcher struct{ *diary }

func (diaryWatcher) Forget(signal.TargetID) {}
