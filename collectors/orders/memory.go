package orders

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
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

// memory is what a lifecycle remembers across a restart. It is written by encoding/gob:
// keys may be any bytes.
type memory struct {
	Config         string         // of the lifecycle that it belongs to
	Saved          signal.Instant // on the clock of the database
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

// Recall takes what the lifecycle remembered before a restart. The first reading uses it,
// for it knows the clock of the database.
func (r *reader) Recall(text []byte) { r.recalled = text }

// Remember returns what the lifecycle remembers: at once when a conflict was found or
// ended, and else from time to time.
func (r *reader) Remember(last bool) ([]byte, error) {
	changed := r.history != nil && r.history.conflicts.changed
	if !r.readAt.Known() || !last && !changed && r.readAt.Sub(r.savedAt) < r.saveEvery() {
		return nil, nil
	}
	m := memory{Config: r.config.fingerprint(), Saved: r.readAt, FirstSeen: r.firstSeen, UndeclaredSeen: r.undeclaredSeen}
	if r.duplicates != nil {
		m.Searched = r.duplicates.searched
	}
	if r.history != nil {
		m.History = r.history.remember()
		r.history.conflicts.changed = false
	}
	r.savedAt = r.readAt
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(&m); err != nil {
		return nil, fmt.Errorf("encode what lifecycle %s remembers: %w", r.config.Name, err)
	}
	return text.Bytes(), nil
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

// restore continues from what the lifecycle remembered, once.
func (r *reader) restore(in *database.Reading) {
	text := r.recalled
	r.recalled = nil
	if text == nil {
		return
	}
	m, err := decodeMemory(text, r.config.fingerprint(), in.Now())
	if err != nil {
		r.log.Warn("what the lifecycle remembered is ignored", "err", err)
		return
	}
	r.firstSeen, r.undeclaredSeen, r.resumed = m.FirstSeen, m.UndeclaredSeen, true
	if r.duplicates != nil {
		r.duplicates.resume(m.Searched, in.Now())
	}
	if r.history != nil && m.History != nil {
		r.history.resume(m.History)
	}
	r.log.Info("lifecycle resumed", "saved", m.Saved.Time())
}

func decodeMemory(text []byte, config string, now signal.Instant) (m memory, err error) {
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&m); err != nil {
		return m, errors.New("it is damaged") // the error may hold a part of it
	}
	later := now.Add(dialect.ClockTolerance)
	switch {
	case m.Config != config:
		return m, errors.New("the lifecycle had another configuration")
	case m.Saved > later || m.Searched > later || m.History != nil && m.History.Last > later:
		return m, errors.New("it is from the future: the clock of the database was set back, or the database is another one")
	}
	return m, nil
}

// historyMemory is what a history remembers: up to where it was read, the rows after that
// which were read, where orders are, and those with a conflict.
type historyMemory struct {
	Position  *database.Place
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
	m := &historyMemory{Position: h.position, Last: h.last, Queue: h.conflicts.queue, Conflicts: map[string]signal.ConflictKind{}}
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
	h.started, h.position, h.last = true, m.Position, m.Last
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
