package outbox

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// marksKept bounds what is remembered of the log of a slot that is behind.
const marksKept = 512

// mark is how far the server had written at a moment.
type mark struct {
	written int64
	at      signal.Instant
}

// slotReader remembers what is needed to tell how long a slot is behind.
type slotReader struct {
	seen  bool
	marks []mark // not yet confirmed, the first first
}

// readSlot reads an outbox that a relay reads from the log of the database.
func (r *reader) readSlot(ctx context.Context, in *database.Reading, report *signal.Report) error {
	c := &r.config
	s, err := in.Slot(ctx, c.Slot)
	if err != nil {
		return err
	}
	switch {
	case s == nil && !r.known.slot.seen:
		return in.NoSlot(ctx, c.Slot)
	case s == nil:
		s = &signal.Slot{Name: c.Slot, Gone: true, Confirmed: signal.Unknown, Sent: signal.Unknown, Retained: signal.Unknown, Left: signal.Unknown, Inserted: signal.Unknown}
		r.known.slot.marks = nil
	default:
		r.known.slot.seen = true
		s.Behind = r.known.slot.behind(s, in.Now())
	}
	r.reportSlot(s, report)
	if c.Table == "" || s.Gone {
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

// reportSlot reports an outbox whose events wait in the log.
func (r *reader) reportSlot(s *signal.Slot, report *signal.Report) {
	c := &r.config
	report.Outboxes = append(report.Outboxes, signal.Outbox{
		Name: c.Name, Database: c.Database, Table: c.Table, MaxAge: time.Duration(c.MaxAge),
		Pending: signal.Unknown, Failed: signal.Unknown, Retried: signal.Unknown, Published: signal.Unknown, Slot: s,
	})
}

// behind is since when the reader of the slot has not confirmed what was written.
func (r *slotReader) behind(s *signal.Slot, now signal.Instant) signal.Age {
	if s.Confirmed == signal.Unknown {
		return signal.Age{}
	}
	for len(r.marks) > 0 && r.marks[0].written <= s.Confirmed {
		r.marks = r.marks[1:]
	}
	if s.Written <= s.Confirmed {
		return signal.Age{}
	}
	if n := len(r.marks); n == 0 || r.marks[n-1].written < s.Written {
		r.marks = append(r.marks, mark{s.Written, now})
	}
	if len(r.marks) > marksKept { // every second one, and always the first
		kept := r.marks[:0]
		for i := 0; i < len(r.marks); i += 2 {
			kept = append(kept, r.marks[i])
		}
		r.marks = kept
	}
	return signal.Age{Since: r.marks[0].at, Bound: signal.AtLeast}
}
