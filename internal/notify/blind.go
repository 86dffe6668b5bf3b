package notify

import (
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// blindFor is how long a target cannot be read before receivers hear of it: a restart of a
// broker is no news.
const blindFor = 5 * time.Minute

// blindness keeps the targets that cannot be read as alerts of their own: without them, a
// lostorder that sees nothing would look like one that finds nothing.
type blindness struct {
	since map[signal.TargetID]time.Time // when each was last read, or first tried
	open  map[signal.TargetID]alert
}

// observe returns the alerts that opened or closed.
func (b *blindness) observe(known *watch.Snapshot, now time.Time) (changes []alert) {
	watched := make(map[signal.TargetID]bool, len(known.Targets))
	for i := range known.Targets {
		t := &known.Targets[i]
		watched[t.ID] = true
		if t.Attempt.IsZero() || t.Up && !t.Stale(now) {
			delete(b.since, t.ID)
			if !t.Attempt.IsZero() {
				changes = b.end(changes, t.ID, now)
			}
			continue
		}
		if _, known := b.since[t.ID]; !known {
			b.since[t.ID] = now
			if !t.Success.IsZero() {
				b.since[t.ID] = t.Success
			}
		}
		if _, open := b.open[t.ID]; !open && now.Sub(b.since[t.ID]) >= blindFor {
			b.open[t.ID] = blindAlert(t.ID, b.since[t.ID], now)
			changes = append(changes, b.open[t.ID])
		}
	}
	for id := range b.open {
		if !watched[id] {
			changes = b.end(changes, id, now)
		}
	}
	return changes
}

func (b *blindness) end(changes []alert, id signal.TargetID, now time.Time) []alert {
	a, open := b.open[id]
	if !open {
		return changes
	}
	delete(b.open, id)
	a.Closed = now
	return append(changes, a)
}

// all returns the open ones.
func (b *blindness) all() []alert {
	all := make([]alert, 0, len(b.open))
	for _, a := range b.open {
		all = append(all, a)
	}
	return all
}

func blindAlert(id signal.TargetID, since, now time.Time) alert {
	return alert{
		ID: "target/" + id.String(), Name: "LostorderTargetDown", Severity: signal.Warning, Target: id.String(), Subject: id.String(),
		Labels:      map[string]string{"collector": id.Collector, "target": id.Target},
		Summary:     "lostorder has not been able to read " + id.String() + " for at least " + phrase.Duration(blindFor) + ".",
		Description: "What happens to its orders is unknown. Its open findings stay open. The log and the status page say why it cannot be read.",
		Since:       since, Detected: now,
	}
}
