package collectors_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal notes what starts, ends and is forgotten.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// take returns what was noted since, in order of the text.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	slices.Sort(lines)
	return lines
}

func (j *journal) Report(signal.Report)      {}
func (j *journal) Forget(id signal.TargetID) { j.note("forget " + id.Target) }
func (j *journal) target(name, config string, started *sync.WaitGroup) collectors.Target {
	return collectors.Target{
		ID: signal.TargetID{Collector: "fake", Target: name}, Config: config,
		New: func(*slog.Logger) collectors.Collector { return &noted{name + " " + config, j, started} },
	}
}

type noted struct {
	name    string
	journal *journal
	started *sync.WaitGroup
}

func (n *noted) Run(ctx context.Context, _ collectors.Sink) error {
	n.journal.note("start " + n.name)
	n.started.Done()
	<-ctx.Done()
	n.journal.note("end " + n.name)
	return nil
}

func TestManagerTouchesOnlyWhatChanged(t *testing.T) {
	j := &journal{}
	m := collectors.NewManager(j, quiet)
	var started sync.WaitGroup
	apply := func(starts int, targets ...collectors.Target) {
		started.Add(starts)
		m.Apply(t.Context(), targets)
		started.Wait()
	}
	expect := func(what string, want ...string) {
		t.Helper()
		if got := j.take(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}

	apply(3, j.target("a", "1", &started), j.target("b", "1", &started), j.target("c", "1", &started))
	expect("first", "start a 1", "start b 1", "start c 1")
	apply(0, j.target("c", "1", &started), j.target("b", "1", &started), j.target("a", "1", &started))
	expect("the same in another order")
	apply(2, j.target("a", "1", &started), j.target("b", "2", &started), j.target("d", "1", &started))
	expect("b changed, c gone, d new", "end b 1", "end c 1", "forget c", "start b 2", "start d 1")
	m.Stop()
	expect("stop", "end a 1", "end b 2", "end d 1")
}
