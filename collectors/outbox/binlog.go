package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// binlogTracker remembers how far the binary log was written, and how much of it its
// reader may have received.
type binlogTracker struct {
	server   string
	last     dialect.LogFile // the file that was written at the last reading
	written  int64           // bytes since the start of the oldest file at the first reading
	received int64           // up to where the reader received the log at most; Unknown where that cannot be known
	seen     bool            // a reader was connected at some reading
	away     bool            // no reader was connected at the last reading
}

// readBinlog reads an outbox whose relay reads the binary log.
func (r *reader) readBinlog(ctx context.Context, in *database.Reading, report *signal.Report) error {
	user := r.config.BinlogUser
	b, err := in.Binlog(ctx, user)
	if err != nil {
		return err
	}
	known := &r.known.binlog
	s := known.observe(b)
	s.Name = user
	s.UnconfirmedSince = r.known.lag.observe(s, in.Now())
	r.reportLog(s, report)
	if !known.seen {
		report.Warnings = append(report.Warnings, neverSeen(r.db.Name(), user, b.Others))
	}
	return nil
}

// neverSeen warns of a probable mistake in the config, which looks like a dead relay.
func neverSeen(db, user string, others []string) string {
	text := fmt.Sprintf("user %s has not read the binary log of database %s since lostorder started watching", user, db)
	if len(others) == 0 {
		text += ", and no other user reads it"
	} else {
		slices.Sort(others)
		text += "; users that read it: " + strings.Join(others, ", ")
	}
	return text + ". Does the connector run, does it log in as this user, and does it read this server?"
}

// observe takes a reading of the binary log and describes it as a replication slot.
func (k *binlogTracker) observe(b *dialect.Binlog) *signal.LogReader {
	kept := k.follow(b)
	s := &signal.LogReader{
		Binlog: true, Active: b.Readers > 0, Written: k.written, Sent: b.Sent, LogRetention: b.Kept,
		Retained: signal.Unknown, Remaining: signal.Unknown, Inserted: signal.Unknown, Decoded: signal.Unknown,
	}
	switch {
	case b.SentAll:
		k.received = k.written
	case s.Active:
		k.received = signal.Unknown // it has received a part
	case k.seen && !k.away:
		k.received = k.written // it was connected until a moment ago
	}
	k.seen, k.away = k.seen || s.Active, !s.Active
	s.Confirmed = k.received
	s.Lost = k.away && k.received != signal.Unknown && k.written-kept > k.received
	return s
}

// follow counts what was written since the last reading, and returns how many bytes of
// the log are still there. After a failover or a reset of the log, it is unknown how
// much of it the reader received.
func (k *binlogTracker) follow(b *dialect.Binlog) (kept int64) {
	for _, f := range b.Files {
		kept += f.Size
	}
	i := slices.IndexFunc(b.Files, func(f dialect.LogFile) bool { return f.Name == k.last.Name })
	if k.server == b.Server && i >= 0 && b.Files[i].Size >= k.last.Size {
		k.written -= k.last.Size
		for _, f := range b.Files[i:] {
			k.written += f.Size
		}
	} else {
		k.written += kept
		k.received = signal.Unknown
	}
	k.server = b.Server
	if n := len(b.Files); n > 0 {
		k.last = b.Files[n-1]
	}
	return kept
}
