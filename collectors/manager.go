package collectors

import (
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// A Watcher is a Sink that can drop a target that is no longer watched.
type Watcher interface {
	Sink
	Forget(signal.TargetID)
}

// Manager runs a set of targets and can change the set while it runs.
type Manager struct {
	watcher Watcher
	log     *slog.Logger

	mu      sync.Mutex
	running map[signal.TargetID]*run
	memory  Memory // nil: nothing survives a restart
}

// stopTimeout is how long the manager waits for cancelled targets. It abandons one
// that hangs longer: that target must not keep the others from starting, nor the
// program from ending.
const stopTimeout = 5 * time.Second

// run is one running target: its cancel function, and the channel that shows its end.
type run struct {
	id     signal.TargetID
	config any
	cancel context.CancelFunc
	done   chan struct{}
	sink   *gate
	idle   atomic.Bool // its collector ended by itself and waits for its restart
}

// gate passes reports on until it is shut. An abandoned target reports nothing more.
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

// Redact lets the sink redact, if it can.
func (g *gate) Redact(r signal.Report) signal.Report {
	g.mu.Lock()
	defer g.mu.Unlock()
	if redactor, ok := g.sink.(Redactor); ok {
		return redactor.Redact(r)
	}
	return r
}

// MayRead asks the sink, if it can forbid anything. A target that was stopped reads nothing.
func (g *gate) MayRead(id signal.TargetID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if permitter, ok := g.sink.(Permitter); ok {
		return permitter.MayRead(id)
	}
	return g.sink != nil
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sink = nil
}

// NewManager returns a manager without targets.
func NewManager(watcher Watcher, log *slog.Logger) *Manager {
	return &Manager{watcher: watcher, log: log, running: map[signal.TargetID]*run{}}
}

// Apply runs exactly these targets. It stops removed and changed ones, waits a few
// seconds for them to stop, and starts new and changed ones. A target with an unchanged
// config keeps running. If its collector has ended by itself, it is started at once.
// Targets run until ctx ends or Stop is called.
func (m *Manager) Apply(ctx context.Context, targets []Target) (started, stopped, kept int) {
	m.mu.Lock()
	defer m.mu.Unlock()

	wanted := make(map[signal.TargetID]Target, len(targets))
	for _, t := range targets {
		wanted[t.ID] = t
	}
	var stopping []*run
	for id, r := range m.running {
		t, stays := wanted[id]
		idle := r.idle.Load()
		if stays && !idle && reflect.DeepEqual(t.Config, r.config) {
			kept++
			continue
		}
		r.cancel()
		stopping = append(stopping, r)
		delete(m.running, id)
		if !idle {
			stopped++
		}
		if !stays {
			defer m.watcher.Forget(id)
		}
	}
	m.await(stopping)
	now := time.Now()
	for _, t := range targets {
		if _, ok := m.running[t.ID]; ok {
			continue
		}
		m.running[t.ID] = m.start(startingAt(ctx, now.Add(time.Duration(started)*betweenStarts)), t)
		started++
	}
	return started, stopped, kept
}

// Stop stops all targets and waits until they have stopped, for a few seconds at most.
func (m *Manager) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	stopping := slices.Collect(maps.Values(m.running))
	for _, r := range stopping {
		r.cancel()
	}
	m.await(stopping)
	clear(m.running)
}

// await waits until cancelled targets have stopped.
func (m *Manager) await(stopping []*run) {
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	late := false
	for _, r := range stopping {
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
				m.log.Error("target did not stop in time; abandoning it", "collector", r.id.Collector, "target", r.id.Target, "waited", stopTimeout)
			}
		}
	}
}

func (m *Manager) start(ctx context.Context, t Target) *run {
	ctx, cancel := context.WithCancel(WithMemory(ctx, m.memory))
	r := &run{id: t.ID, config: t.Config, cancel: cancel, done: make(chan struct{}), sink: &gate{sink: m.watcher}}
	log := m.log.With("collector", t.ID.Collector, "target", t.ID.Target)
	go func() {
		defer close(r.done)
		defer cancel()
		supervise(ctx, t, log, r.sink, &r.idle)
	}()
	return r
}
