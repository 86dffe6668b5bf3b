package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// binlogReader remembers where the binary log was, and how much of it those who read it
// as a user may have been sent.
type binlogReader struct {
	server  string
	last    database.LogFile // that was written at the last reading
	written int64            // bytes, counted from the beginning of the oldest file at the first reading
	reached int64            // up to where they were sent it at the most; Unknown where nobody can say
	seen    bool             // somebody has read it
	away    bool             // and was gone at the last reading
}

// readBinlog reads an outbox that a relay reads from the binary log.
func (r *reader) readBinlog(ctx context.Context, in *database.Reading, report *signal.Report) error {
	user := r.config.BinlogUser
	b, err := in.Binlog(ctx, user)
	if err != nil {
		return err
	}
	known := &r.known.binlog
	s := known.look(b)
	s.Name = user
	s.Behind = r.known.slot.behind(s, in.Now())
	r.reportSlot(s, report)
	if !known.seen {
		report.Warnings = append(report.Warnings, neverSeen(r.db.Name(), user, b.Others))
	}
	return nil
}

// neverSeen is for a mistake in the config, which looks like a relay that is dead.
func neverSeen(db, user string, others []string) string {
	text := fmt.Sprintf("nobody was seen to read the binary log of database %s as user %s", db, user)
	if len(others) == 0 {
		text += ", nor as any other"
	} else {
		slices.Sort(others)
		text += "; it is read as " + strings.Join(others, ", ")
	}
	return text + ". Does the connector run, is this how it logs in, and is this the server that it reads?"
}

// look makes of one look at the log what a replication slot would tell.
func (k *binlogReader) look(b *database.Binlog) *signal.Slot {
	kept := k.follow(b)
	s := &signal.Slot{
		Binlog: true, Active: b.Readers > 0, Written: k.written, Sent: b.Sent, Kept: b.Kept,
		Retained: signal.Unknown, Left: signal.Unknown, Inserted: signal.Unknown,
	}
	switch {
	case b.SentAll:
		k.reached = k.written
	case s.Active:
		k.reached = signal.Unknown // somewhere on the way
	case k.seen && !k.away:
		k.reached = k.written // it was there until a moment ago
	}
	k.seen, k.away = k.seen || s.Active, !s.Active
	s.Confirmed = k.reached
	s.Lost = k.away && k.reached != signal.Unknown && k.written-kept > k.reached
	return s
}

// follow counts what was written since the last reading, and returns how much of the
// log is still there. After a failover, or when the log was begun anew, nobody can say
// any more how much of it a reader was sent.
func (k *binlogReader) follow(b *database.Binlog) (kept int64) {
	for _, f := range b.Files {
		kept += f.Size
	}
	i := slices.IndexFunc(b.Files, func(f database.LogFile) bool { return f.Name == k.last.Name })
	if k.server == b.Server && i >= 0 && b.Files[i].Size >= k.last.Size {
		k.written -= k.last.Size
		for _, f := range b.Files[i:] {
			k.written += f.Size
		}
	} else {
		k.written += kept
		k.reached = signal.Unknown
	}
	k.server = b.Server
	if n := len(b.Files); n > 0 {
		k.last = b.Files[n-1]
	}
	return kept
}
