package outbox

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// maxCheckpoints limits how many checkpoints are kept of a log that is not confirmed.
const maxCheckpoints = 512

// checkpoint is how far the server had written its log at a moment.
type checkpoint struct {
	written int64
	at      signal.Instant
}

// logLag measures for how long the reader of a log is behind.
type logLag struct {
	seen        bool         // the slot was there at an earlier reading
	unconfirmed []checkpoint // oldest first
}

// readSlot reads an outbox whose relay reads the log of PostgreSQL.
func (r *reader) readSlot(ctx context.Context, in *database.Reading, report *signal.Report) error {
	c := &r.config
	s, err := in.Slot(ctx, c.Slot)
	if err != nil {
		return err
	}
	switch {
	case s == nil && !r.known.lag.seen:
		return in.NoSlot(ctx, c.Slot)
	case s == nil:
		s = &signal.LogReader{Name: c.Slot, Dropped: true, Confirmed: signal.Unknown, Sent: signal.Unknown, Retained: signal.Unknown, Remaining: signal.Unknown, Inserted: signal.Unknown, Decoded: signal.Unknown}
		r.known.lag.unconfirmed = nil
	default:
		r.known.lag.seen = true
		s.UnconfirmedSince = r.known.lag.observe(s, in.Now())
	}
	r.reportLog(s, report)
	if c.Table == "" || s.Dropped {
		return nil
	}
	t, err := in.Table(ctx, c.Table)
	if err != nil {
		return err
	}
	r.inserted = t
	s.Inserted, err = in.Inserted(ctx, t)
	return err
}

// reportLog reports an outbox whose events wait in the log.
func (r *reader) reportLog(s *signal.LogReader, report *signal.Report) {
	c := &r.config
	report.Outboxes = append(report.Outboxes, signal.Outbox{
		Name: c.Name, Database: c.Database, Table: c.Table, MaxAge: time.Duration(c.MaxAge),
		Pending: signal.Unknown, Failed: signal.Unknown, Retried: signal.Unknown, Published: signal.Unknown, LogReader: s,
	})
}

// observe takes a reading and returns since when the reader has not confirmed what
// the server has written.
func (l *logLag) observe(s *signal.LogReader, now signal.Instant) signal.Age {
	if s.Confirmed == signal.Unknown {
		return signal.Age{}
	}
	for len(l.unconfirmed) > 0 && l.unconfirmed[0].written <= s.Confirmed {
		l.unconfirmed = l.unconfirmed[1:]
	}
	if s.Written <= s.Confirmed {
		return signal.Age{}
	}
	if n := len(l.unconfirmed); n == 0 || l.unconfirmed[n-1].written < s.Written {
		l.unconfirmed = append(l.unconfirmed, checkpoint{s.Written, now})
	}
	if len(l.unconfirmed) > maxCheckpoints { // keep every second one, the first included
		kept := l.unconfirmed[:0]
		for i := 0; i < len(l.unconfirmed); i += 2 {
			kept = append(kept, l.unconfirmed[i])
		}
		l.unconfirmed = kept
	}
	return signal.Age{Since: l.unconfirmed[0].at, Bound: signal.AtLeast}
}
