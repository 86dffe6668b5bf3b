package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// saveEvery is how often what a lifecycle remembers is kept at most, while no conflict
// changes. After a crash, what is missing from it is read again.
const saveEvery = time.Minute

// memory is what a lifecycle remembers across a restart.
type memory struct {
	FirstSeen      firstSeen
	UndeclaredSeen firstSeen
	Searched       signal.Instant // when duplicates were searched last
	History        *historyMemory
}

// fingerprint identifies a lifecycle and the settings that define what it remembers.
func (c *Config) fingerprint() string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %q %+v %v", c.Name, c.Kind, c.Source, c.States)
	if c.History != nil {
		fmt.Fprintf(hash, " %q %q %+v %q", c.History.Table, c.History.Query, c.History.Columns, c.History.Where)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Remember returns what the lifecycle remembers: at once when a conflict was found or
// ended, and else from time to time.
func (r *reader) Remember(last bool) ([]byte, error) {
	changed := r.history != nil && r.history.conflicts.changed
	if !r.readAt.Known() || !last && !changed && r.readAt.Sub(r.savedAt) < r.saveEvery() {
		return nil, nil
	}
	m := memory{FirstSeen: r.firstSeen, UndeclaredSeen: r.undeclaredSeen}
	if r.duplicates != nil {
		m.Searched = r.duplicates.searched
	}
	if r.history != nil {
		m.History = r.history.remember()
		r.history.conflicts.changed = false
	}
	r.savedAt = r.readAt
	return r.Encode(r.config.fingerprint(), r.readAt, m)
}

// saveEvery is short where the shortest limit is: an order that is overdue must not look
// younger after a crash.
func (r *reader) saveEvery() time.Duration {
	every := saveEvery
	for _, s := range r.config.States {
		if limit := time.Duration(s.Value.Max); limit > 0 {
			every = min(every, limit/2)
		}
	}
	return every
}

// resume continues from what the lifecycle remembered, in the first reading after a restart.
func (r *reader) resume(now signal.Instant) {
	m, ok := r.Resume(r.config.fingerprint(), now, func(m *memory) error {
		later := now.Add(dialect.ClockTolerance)
		if m.Searched > later || m.History != nil && m.History.Last > later {
			return errors.New("a part of it is from the future")
		}
		return nil
	}, r.log)
	if !ok {
		return
	}
	r.firstSeen, r.undeclaredSeen = m.FirstSeen, m.UndeclaredSeen
	if r.duplicates != nil {
		r.duplicates.resume(m.Searched, now)
	}
	if r.history != nil && m.History != nil {
		r.history.resume(m.History)
	}
}

// follow reads whose data the database shows, and forgets what is not known of it.
func (r *reader) follow(ctx context.Context, in *database.Reading, report *signal.Report) error {
	origin, err := in.Origin(ctx)
	if err != nil {
		return err
	}
	switch r.Follow(report, r.log, origin) {
	case signal.Replaced:
		r.forget()
	case signal.Rewound:
		// Orders will come into their states again. Where they are in the history is compared
		// with all of their transitions before it counts.
		r.firstSeen, r.undeclaredSeen = nil, nil
	}
	return nil
}

// historyMemory is what a history remembers: up to where it was read, the rows after that
// which were read, where orders are, and those with a conflict.
type historyMemory struct {
	Position  *database.Place
	Oldest    *database.Place // the first row of a young history, while there is no position
	Last      signal.Instant
	Recent    []recentMemory
	Tracks    []trackMemory
	Conflicts map[string]signal.ConflictKind
	Queue     []string
}

type recentMemory struct {
	Place database.Place
	At    signal.Instant
}

// trackMemory is where one order is.
type trackMemory struct {
	ID          string
	State       int
	At, Began   signal.Instant
	Been, Owed  set
	Late, Ended bool
}

func (h *historyReader) remember() *historyMemory {
	if !h.started {
		return nil
	}
	m := &historyMemory{Position: h.position, Oldest: h.oldest, Last: h.last, Queue: h.conflicts.queue, Conflicts: map[string]signal.ConflictKind{}}
	for _, row := range h.recent {
		m.Recent = append(m.Recent, recentMemory{row.place, row.at})
	}
	for _, generation := range []map[string]*track{h.transitions.tracks.old, h.transitions.tracks.young} {
		for id, t := range generation {
			m.Tracks = append(m.Tracks, trackMemory{id, t.state, t.at, t.began, t.been, t.owed, t.late, t.ended})
		}
	}
	for id, c := range h.conflicts.known {
		m.Conflicts[id] = c.conflict.Kind
	}
	return m
}

// resume continues where the history was read before a restart. A conflict that was known
// is read again before it is reported.
func (h *historyReader) resume(m *historyMemory) {
	h.started, h.position, h.oldest, h.last = true, m.Position, m.Oldest, m.Last
	for _, row := range m.Recent {
		h.recent = append(h.recent, recentRow{row.Place, row.At})
		h.seen[row.Place] = true
	}
	states := len(h.graph.names)
	for _, t := range m.Tracks {
		if t.State >= undeclared && t.State < states {
			h.transitions.tracks.put(t.ID, &track{t.State, t.At, t.Began, t.Been, t.Owed, t.Late, t.Ended})
		}
	}
	h.conflicts.queue = m.Queue[:min(len(m.Queue), maxQueued)]
	for id, kind := range m.Conflicts {
		h.conflicts.known[id] = &candidate{conflict: signal.Conflict{Kind: kind}}
		h.conflicts.recalled[id] = true
	}
}
