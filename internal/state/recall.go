package state

import (
	"log/slog"
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// Of returns the part of a memory that is about targets of the config, and logs what is
// not: a target that was renamed, or removed.
func Of(m *watch.Memory, watched []signal.TargetID, log *slog.Logger) watch.Memory {
	in := func(id signal.TargetID) bool { return slices.Contains(watched, id) }
	part := watch.Memory{At: m.At, Closed: m.Closed}
	for _, t := range m.Targets {
		if in(t.ID) {
			part.Targets = append(part.Targets, t)
			continue
		}
		log.Warn("a remembered target is not in the config; if it was renamed, it starts without memory under its new name; the memory is dropped after a day", "target", t.ID.String())
	}
	for _, o := range m.Open {
		if in(o.Finding.Target) {
			part.Open = append(part.Open, o)
		}
	}
	return part
}

var _ watch.Keeper = (*Keeper)(nil)
