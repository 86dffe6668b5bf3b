package outbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// keptMemory is what an outbox remembers across a restart: the numbers that had no row when
// the relay passed them, the rows that it skipped, and how far its log was read. It is
// written by encoding/gob.
type keptMemory struct {
	Config string         // of the outbox that it belongs to
	Saved  signal.Instant // on the clock of the database

	Started            bool
	Position           int64
	Gaps               []keptGap
	Skipped            []signal.SkippedRow
	Unmarked           map[int64]signal.Instant
	Unchecked, Dropped signal.Instant

	SlotSeen    bool
	Unconfirmed []keptCheckpoint

	Binlog *keptBinlog
}

type keptGap struct {
	Number, Position, Begun int64
	Since                   signal.Instant
}

type keptCheckpoint struct {
	Written int64
	At      signal.Instant
}

type keptBinlog struct {
	Server            string
	Last              dialect.LogFile
	Written, Received int64
	Seen, Away        bool
}

// fingerprint identifies an outbox and the settings that define what it remembers.
func (c *Config) fingerprint() string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %q %q %q %q %+v %+v", c.Name, c.Database, c.Table, c.Slot, c.BinlogUser, c.Columns, c.Position)
	return hex.EncodeToString(hash.Sum(nil))
}

// Recall takes what the outbox remembered before a restart. The first reading uses it, for
// it knows the clock of the database.
func (r *reader) Recall(text []byte) { r.recalled = text }

// Remember returns what the outbox remembers. It is small, and what the relay passed until
// the next reading depends on it.
func (r *reader) Remember(bool) ([]byte, error) {
	if !r.readAt.Known() {
		return nil, nil
	}
	s, lag, b := &r.known.skips, &r.known.lag, &r.known.binlog
	m := keptMemory{
		Config: r.config.fingerprint(), Saved: r.readAt,
		Started: s.started, Position: s.position, Skipped: s.skipped, Unmarked: s.unmarked, Unchecked: s.unchecked, Dropped: s.dropped,
		SlotSeen: lag.seen,
	}
	for _, g := range s.gaps {
		m.Gaps = append(m.Gaps, keptGap{g.number, g.position, g.begun, g.since})
	}
	for _, c := range lag.unconfirmed {
		m.Unconfirmed = append(m.Unconfirmed, keptCheckpoint{c.written, c.at})
	}
	if r.config.BinlogUser != "" {
		m.Binlog = &keptBinlog{b.server, b.last, b.written, b.received, b.seen, b.away}
	}
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(&m); err != nil {
		return nil, fmt.Errorf("encode what outbox %s remembers: %w", r.config.Name, err)
	}
	return text.Bytes(), nil
}

// restore continues from what the outbox remembered, once.
func (r *reader) restore(in *database.Reading) {
	text := r.recalled
	r.recalled = nil
	if text == nil {
		return
	}
	m, err := decodeMemory(text, r.config.fingerprint(), in.Now())
	if err != nil {
		r.log.Warn("what the outbox remembered is ignored", "err", err)
		return
	}
	r.resumed = true
	s := &r.known.skips
	s.started, s.position, s.unchecked, s.dropped = m.Started, m.Position, m.Unchecked, m.Dropped
	s.skipped, s.unmarked = m.Skipped[:min(len(m.Skipped), maxGaps)], m.Unmarked
	for _, g := range m.Gaps[:min(len(m.Gaps), maxGaps)] {
		s.gaps = append(s.gaps, gap{g.Number, g.Position, g.Begun, g.Since})
	}
	r.known.lag.seen = m.SlotSeen
	for _, c := range m.Unconfirmed {
		r.known.lag.unconfirmed = append(r.known.lag.unconfirmed, checkpoint{c.Written, c.At})
	}
	if b := m.Binlog; b != nil {
		r.known.binlog = binlogTracker{b.Server, b.Last, b.Written, b.Received, b.Seen, b.Away}
	}
	r.log.Info("outbox resumed", "saved", m.Saved.Time())
}

func decodeMemory(text []byte, config string, now signal.Instant) (m keptMemory, err error) {
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&m); err != nil {
		return m, errors.New("it is damaged") // the error may hold a part of it
	}
	switch {
	case m.Config != config:
		return m, errors.New("the outbox had another configuration")
	case m.Saved > now.Add(dialect.ClockTolerance):
		return m, errors.New("it is from the future: the clock of the database was set back, or the database is another one")
	}
	return m, nil
}
