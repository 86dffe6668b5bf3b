package collectors

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// A Watcher is a Sink that can be told that a target is no longer watched.
type Watcher interface {
	Sink
	Forget(signal.TargetID)
}

// Manager runs a set of targets and changes it while it runs.
type Manager struct {
	watcher Watcher
	log     *slog.Logger

	mu      sync.Mutex
	running map[signal.TargetID]*run
}

// leaveAfter is how long a target that was told to end is waited for. One that hangs
// longer is left behind: it must not keep the others from starting, nor the program
// from ending.
const leaveAfter = 5 * time.Second

// run is one target that runs: what stops it, and what says that it has ended.
type run struct {
	id     signal.TargetID
	config any
	cancel context.CancelFunc
	done   chan struct{}
	sink   *gate
}

// gate passes reports on until it is shut, so that a target that was left behind
// says nothing any more.
type gate struct {
	mu   sync.Mutex
	sink Sink
}

func (g *gate) Report(r signal.Report) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sink != nil {
		g.sink.Report(r)
	}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sink = nil
}

// NewManager returns a manager that runs nothing yet.
func NewManager(watcher Watcher, log *slog.Logger) *Manager {
	return &Manager{watcher: watcher, log: log, running: map[signal.TargetID]*run{}}
}

// Apply makes targets the ones that run: it stops those that are gone or changed,
// waits for their end for a moment, and starts those that are new or changed. A target with an
// unchanged config is not touched. Targets run until ctx ends or Stop is called.
func (m *Manager) Apply(ctx context.Context, targets []Target) (started, stopped, kept int) {
	m.mu.Lock()
	defer m.mu.Unlock()

	wanted := make(map[signal.TargetID]Target, len(targets))
	for _, t := range targets {
		wanted[t.ID] = t
	}
	var ending []*run
	for id, r := range m.running {
		t, stays := wanted[id]
		if stays && reflect.DeepEqual(t.Config, r.config) {
			kept++
			continue
		}
		r.cancel()
		ending = append(ending, r)
		delete(m.running, id)
		stopped++
		if !stays {
			defer m.watcher.Forget(id)
		}
	}
	m.await(ending)
	for _, t := range targets {
		if _, ok := m.running[t.ID]; ok {
			continue
		}
		m.running[t.ID] = m.start(ctx, t)
		started++
	}
	return started, stopped, kept
}

// Stop ends all targets and waits until they have ended.
func (m *Manager) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	ending := slices.Collect(maps.Values(m.running))
	for _, r := range ending {
		r.cancel()
	}
	m.await(ending)
	clear(m.running)
}

// await waits for the end of targets that were told to end.
func (m *Manager) await(ending []*run) {
	timeout := time.NewTimer(leaveAfter)
	defer timeout.Stop()
	late := false
	for _, r := range ending {
		if !late {
			select {
			case <-r.done:
			case <-timeout.C:
				late = true
			}
		}
		r.sink.shut()
		select {
		case <-r.done:
		default:
			if late {
				m.log.Error("target does not end; it is left behind", "collector", r.id.Collector, "target", r.id.Target, "waited", leaveAfter)
			}
		}
	}
}

// runGuarded runs a collector and turns a panic of it into an error.
func runGuarded(ctx context.Context, t Target, log *slog.Logger, sink Sink) (err error) {
	defer func() {
		if v := recover(); v != nil {
			log.Error("collector panicked; this is a bug in lostorder, please report it", "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("collector panicked: %v", v)
		}
	}()
	return t.New(log).Run(ctx, sink)
}

func (m *Manager) start(ctx context.Context, t Target) *run {
	ctx, cancel := context.WithCancel(ctx)
	r := &run{id: t.ID, config: t.Config, cancel: cancel, done: make(chan struct{}), sink: &gate{sink: m.watcher}}
	log := m.log.With("collector", t.ID.Collector, "target", t.ID.Target)
	go func() {
		defer close(r.done)
		defer cancel()
		if err := runGuarded(ctx, t, log, r.sink); err != nil {
			log.Error("collector ended", "err", err)
			r.sink.Report(signal.Report{TargetID: t.ID, At: time.Now(), Err: fmt.Errorf("collector ended: %w", err)})
		}
	}()
	return r
}
