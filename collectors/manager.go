package collectors

import (
	"context"
	"log/slog"
	"reflect"
	"sync"

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

// run is one target that runs: what stops it, and what says that it has ended.
type run struct {
	config any
	cancel context.CancelFunc
	done   chan struct{}
}

// NewManager returns a manager that runs nothing yet.
func NewManager(watcher Watcher, log *slog.Logger) *Manager {
	return &Manager{watcher: watcher, log: log, running: map[signal.TargetID]*run{}}
}

// Apply makes targets the ones that run: it stops those that are gone or changed,
// waits for their end, and starts those that are new or changed. A target with an
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
	for _, r := range ending {
		<-r.done
	}
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
	for _, r := range m.running {
		r.cancel()
	}
	for id, r := range m.running {
		<-r.done
		delete(m.running, id)
	}
}

func (m *Manager) start(ctx context.Context, t Target) *run {
	ctx, cancel := context.WithCancel(ctx)
	r := &run{config: t.Config, cancel: cancel, done: make(chan struct{})}
	log := m.log.With("collector", t.ID.Collector, "target", t.ID.Target)
	go func() {
		defer close(r.done)
		defer cancel()
		if err := t.New(log).Run(ctx, m.watcher); err != nil {
			log.Error("collector ended", "err", err)
		}
	}()
	return r
}
