package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// keptMemory is what an outbox remembers across a restart: the numbers that had no row when
// the relay passed them, the rows that it skipped, and how far its log was read.
type keptMemory struct {
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

// Remember returns what the outbox remembers. It is small, and what the relay passed until
// the next reading depends on it.
func (r *reader) Remember(bool) ([]byte, error) {
	if !r.readAt.Known() {
		return nil, nil
	}
	s, lag, b := &r.known.skips, &r.known.lag, &r.known.binlog
	m := keptMemory{
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
	return r.Encode(r.config.fingerprint(), r.readAt, m)
}

// resume continues from what the outbox remembered, in the first reading after a restart.
func (r *reader) resume(now signal.Instant) {
	m, ok := r.Resume(r.config.fingerprint(), now, func(*keptMemory) error { return nil }, r.log)
	if !ok {
		return
	}
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
}

// follow reads whose data the database shows, and forgets what is not known of it.
func (r *reader) follow(ctx context.Context, in *database.Reading, report *signal.Report) error {
	origin, err := in.Origin(ctx)
	if err != nil {
		return err
	}
	switch r.Follow(report, r.log, origin) {
	case signal.Replaced:
		*r.known = memory{}
	case signal.Rewound:
		r.known.rewind()
	}
	return nil
}

// rewind forgets what is not true of an earlier state of the database: other rows get the
// numbers that are free there, and the log is written again from there. Rows that the relay
// skipped before that are still skipped.
func (m *memory) rewind() {
	m.skips = skipTracker{skipped: m.skips.skipped}
	m.lag.unconfirmed = nil
	m.binlog.received = signal.Unknown
}
