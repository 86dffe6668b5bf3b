package state_test

import (
	"context"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/watch"
)

// stopping is a source during whose write lostorder is asked to stop.
type stopping struct {
	*source
	stop context.CancelFunc
}

// Remember asks lostorder to stop.
func (s stopping) Remember(all bool, each func(*detect.Memory)) (watch.Memory, func()) {
	s.stop()
	return s.source.Remember(all, each)
}

// TestAWriteThatTheStopCutsIsNoError: the last write has it.
func TestAWriteThatTheStopCutsIsNoError(t *testing.T) {
	dir := t.TempDir()
	s := newSource(finding("a"))
	p := start(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	p.Changed()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx, stopping{s, cancel})
	}()
	for ended := false; !ended; {
		select {
		case <-s.written:
		case <-done:
			ended = true
		}
	}
	if strings.Contains(p.log.String(), "level=ERROR") {
		t.Errorf("the log says %s", p.log)
	}
	next := start(t, dir)
	defer next.run(t, newSource())()
	if len(next.memory.Open) != 1 {
		t.Errorf("the last write is missing: %s", next.log)
	}
}
