package main

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

// askBeforeTakeOver is how long former owners have to answer before their targets are read here.
const askBeforeTakeOver = 500 * time.Millisecond

// owns reports whether this process reads a target at this moment.
func (s *service) owns(id signal.TargetID) bool {
	return s.members == nil || s.ownsBy(s.members.View(), id)
}

func (s *service) ownsBy(view *ownership.View, id signal.TargetID) bool {
	local := s.local.Load()
	return view.Owns(id) || local != nil && (*local)[id]
}

// MayRead forbids the readings of targets that another process owns by now.
func (s *service) MayRead(id signal.TargetID) bool { return s.owns(id) }

// assign reads those targets of the config that this process owns. Call it with the
// assignment locked.
func (s *service) assign(ctx context.Context) (started, stopped, kept int) {
	owned := s.configured
	if s.members != nil {
		view := s.members.View()
		owned = nil
		for _, t := range s.configured {
			if s.ownsBy(view, t.ID) {
				owned = append(owned, t)
			}
		}
		if view.Active {
			defer s.replicas.Decided()
		}
		s.takeOver(owned)
	}
	s.watch.Expect(owned)
	s.assigned = idsOf(owned)
	return s.manager.Apply(ctx, owned)
}

// takeOver restores what the former owners of targets knew, or this process before a restart.
func (s *service) takeOver(owned []collectors.Target) {
	for _, t := range owned {
		if s.assigned[t.ID] {
			continue
		}
		findings, at := s.replicas.Take(t.ID)
		var m watch.Memory
		for _, f := range findings {
			m.Open = append(m.Open, detect.OpenFinding{Finding: f, Seen: signal.InstantOf(at)})
		}
		if remembered, ok := s.remembered[t.ID]; ok {
			m.Targets = append(m.Targets, remembered)
			delete(s.remembered, t.ID)
		}
		s.watch.Resume(m)
		s.notifier.Resumed(findings)
	}
}

// reassign reads what this process owns by now, if that has changed.
func (s *service) reassign(ctx context.Context) {
	s.assigning.Lock()
	defer s.assigning.Unlock()
	view, changed, gains := s.members.View(), false, false
	for _, t := range s.configured {
		owns, reads := s.ownsBy(view, t.ID), s.assigned[t.ID]
		changed, gains = changed || owns != reads, gains || owns && !reads
	}
	if !changed {
		if view.Active {
			s.replicas.Decided()
		}
		return
	}
	if gains { // what the former owners found just now must not be announced again
		fresh, cancel := context.WithTimeout(ctx, askBeforeTakeOver)
		s.replicas.Ask(fresh)
		cancel()
	}
	started, stopped, kept := s.assign(ctx)
	s.log.Info("targets are divided again", "members", len(view.Others)+1, "started", started, "stopped", stopped, "kept", kept)
}

// Forget drops a target that is no longer watched here.
func (s *service) Forget(id signal.TargetID) {
	s.exporter.Forget(id)
	if s.members == nil || !s.isConfigured(id) {
		s.watch.Forget(id)
		return
	}
	// Another process reads it, and its findings stay open.
	s.replicas.Keep(id, s.watch.Release(id), time.Now())
	s.notifier.Released(id)
}

// isConfigured is called while the assignment is locked.
func (s *service) isConfigured(id signal.TargetID) bool {
	for _, t := range s.configured {
		if t.ID == id {
			return true
		}
	}
	return false
}

func idsOf(targets []collectors.Target) map[signal.TargetID]bool {
	ids := make(map[signal.TargetID]bool, len(targets))
	for _, t := range targets {
		ids[t.ID] = true
	}
	return ids
}

// whole is what all processes know, as far as this one knows it.
func (s *service) whole() *watch.Snapshot {
	if s.replicas == nil {
		return s.watch.Snapshot()
	}
	return s.replicas.Whole(s.watch.Snapshot())
}

// ownership is what this process owns, for its metrics; nil if it owns everything.
func (s *service) ownership() *telemetry.Ownership {
	if s.members == nil {
		return nil
	}
	s.sharing.Lock()
	configured := s.shared
	s.sharing.Unlock()
	view := s.members.View()
	o := &telemetry.Ownership{Member: view.Self, Members: len(view.Others)}
	if view.Active {
		o.Members++
	}
	for _, id := range configured {
		o.Targets = append(o.Targets, telemetry.OwnedTarget{ID: id, Owned: s.ownsBy(view, id)})
	}
	return o
}
