package main

import (
	"context"
	"sync"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// remember restores what lostorder knew before a restart, and writes what it knows from
// then on, where the file names a directory. It comes after send and before apply. What it
// returns writes the last changes, once all targets have stopped.
func (s *service) remember(ctx context.Context, f *config.File) (stop func()) {
	c := state.FromFile(f)
	if c.Dir == "" {
		return func() {}
	}
	s.notifier.KeepIn(c.Dir)
	keeper, memory := state.New(ctx, state.Options{Dir: c.Dir, Veil: privacy.FromFile(f), Log: s.log})
	s.keeper.Store(keeper)
	var watched []signal.TargetID
	for _, t := range builtin.Targets(f) {
		watched = append(watched, t.ID)
	}
	part := state.Of(memory, watched, s.log)
	for i := range part.Open {
		s.sender.Restored(&part.Open[i].Finding)
	}
	s.watch.Keep(keeper)
	s.manager.Keep(keeper)
	if s.members == nil {
		s.watch.Restore(part)
	} else {
		s.restoreLater(part)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // until all targets have stopped
	var running sync.WaitGroup
	running.Go(func() { keeper.Run(ctx, s.watch) })
	return func() {
		cancel()
		running.Wait()
	}
}

// restoreLater restores what is known of a target once this process owns it: others may have
// read it since.
func (s *service) restoreLater(m watch.Memory) {
	s.watch.Restore(watch.Memory{Closed: m.Closed})
	s.remembered = map[signal.TargetID]watch.TargetMemory{}
	open := map[signal.TargetID][]signal.Finding{}
	for i := range m.Open {
		open[m.Open[i].Finding.Target] = append(open[m.Open[i].Finding.Target], m.Open[i].Finding)
	}
	for _, t := range m.Targets {
		s.remembered[t.ID] = t
		if t.At.IsZero() {
			t.At = m.At
		}
		s.replicas.Keep(t.ID, open[t.ID], t.At)
	}
}
