package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// idleWrites is how much an idle server may write to its log by itself, mostly
// checkpoints and vacuum, without any event in it.
const idleWrites = 64 << 10

// steadyInserts is how many readings must see inserted rows before a slot that is
// read and not confirmed is known to hold events: a row that was rolled back
// counts as inserted, too.
const steadyInserts = 3

// logMemory is what is remembered of the reader of a database's log since it last
// advanced.
type logMemory struct {
	Seen      bool
	Watched   bool // it advanced since our first reading, or since an observation gap
	Confirmed int64
	Sent      signal.Count
	Since     signal.Instant // since when it has not advanced, while there was something to confirm
	Written   int64          // how far the server had written then
	Inserted  signal.Count   // rows of the table at the last reading
	Rows      signal.Count   // inserted since
	Steps     int            // readings that saw inserted rows
	Inactive  signal.Instant // since when no reader is connected
	Missing   signal.Instant // since when the slot is gone
}

func (t *logMemory) observe(s *signal.LogReader, at signal.Instant, restart func(since signal.Instant) bool) {
	if !s.Dropped {
		t.Missing = 0
	} else if !t.Missing.Known() || restart(t.Missing) {
		t.Missing = at
	}
	if s.Active || s.Dropped {
		t.Inactive = 0
	} else if !t.Inactive.Known() || restart(t.Inactive) {
		t.Inactive = at
	}
	if s.Dropped || s.Lost {
		return
	}
	if !t.Seen || restart(t.Since) || s.Confirmed != t.Confirmed || s.Sent != t.Sent || s.Written <= s.Confirmed {
		t.Watched = t.Seen && !restart(t.Since)
		t.Since, t.Written, t.Rows, t.Steps = at, s.Written, 0, 0
	} else if more := s.Inserted - t.Inserted; s.Inserted.Known() && t.Inserted.Known() && more > 0 {
		t.Rows += more
		t.Steps++
	}
	t.Confirmed, t.Sent, t.Inserted, t.Seen = s.Confirmed, s.Sent, s.Inserted, true
}

// undecided reports whether the reader may have stood still for too long, and was not
// observed for long enough.
func (t *logMemory) undecided(o *signal.Outbox, at signal.Instant) bool {
	s := o.LogReader
	return !s.Dropped && !s.Lost && s.Written > s.Confirmed && !t.Watched && at.Sub(t.Since) < o.MaxAge
}

// stalled decides about an outbox whose relay reads the log.
//
// A reader of a binary log that was not sent all of it may only be slow, or just behind on
// a busy server at the moment of each reading. It is reported only where the server counts
// what it sends, and sends nothing. How long the thread has run, which is the TIME of the
// list of threads, does not show that.
func (t *logMemory) stalled(o *signal.Outbox, at signal.Instant) (Case, bool) {
	s := o.LogReader
	c := Case{Subject: outboxSubject(o), Severity: signal.Critical}
	by, log := "slot", "the slot"
	if s.Binlog {
		by, log = "binlog_user", "the binary log as "+s.Name
	}
	holds := func(since signal.Instant, after time.Duration, cause, summary string) (Case, bool) {
		c.Since, c.DecidableAt, c.Summary = since, since.Add(after), summary
		c.Evidence = append(signal.Evidence{signal.TextFact("cause", cause), signal.TextFact(by, s.Name)}, c.Evidence...)
		return c, true
	}
	if s.Lost && s.Binlog {
		c.Evidence = signal.Evidence{signal.DurationFact("not_read_for", at.Sub(t.Inactive))}
		return holds(at, 0, "the server removed log that was written since its reader was last seen: events in it will never be published from it",
			fmt.Sprintf("The server removed binary log that %s had not read: its events will never be published.", s.Name))
	}
	if s.Lost {
		c.Evidence = signal.Evidence{signal.TextFact("wal_status", "lost")}
		return holds(at, 0, "the server removed log that the slot still needed: events in it will never be published by it",
			fmt.Sprintf("The server removed log that slot %s still needed: its events will never be published.", s.Name))
	}
	if o.MaxAge <= 0 {
		return c, false
	}
	if s.Dropped {
		if at.Sub(t.Missing) < o.MaxAge {
			return c, false
		}
		return holds(t.Missing, o.MaxAge, "the slot was dropped: a new slot does not contain what is committed until it exists",
			fmt.Sprintf("Slot %s was dropped %s ago: events that are committed now are in no slot.", s.Name, phrase.Duration(at.Sub(t.Missing))))
	}
	c.Count = max(0, int64(t.Rows))
	c.Evidence = t.evidence(o, at)
	stuck := t.Since.Known() && at.Sub(t.Since) >= o.MaxAge
	grown := t.Rows > 0 || !s.Inserted.Known() && s.Written-t.Written > idleWrites
	lasted := phrase.Duration(at.Sub(t.Since))
	switch {
	case !stuck:
		return c, false
	case t.Inactive.Known() && at.Sub(t.Inactive) >= o.MaxAge && grown:
		since := max(t.Since, t.Inactive)
		return holds(since, o.MaxAge, "no reader is connected to "+log+", while the server writes",
			fmt.Sprintf("No reader has been connected to %s for %s while the server writes.", log, phrase.Duration(at.Sub(since))))
	case s.Active && s.Sent.Known() && grown:
		return holds(t.Since, o.MaxAge, "the reader of "+log+" receives nothing, while the server writes",
			fmt.Sprintf("The reader of %s has received nothing for %s while the server writes.", log, lasted))
	case s.Active && t.Steps >= steadyInserts:
		return holds(t.Since, o.MaxAge, "the slot is read and not confirmed, while rows are inserted into the outbox",
			fmt.Sprintf("The reader of slot %s has confirmed nothing for %s while rows are inserted into the outbox.", s.Name, lasted))
	}
	return c, false
}

// evidence is what is known of a reader that does not advance.
func (t *logMemory) evidence(o *signal.Outbox, at signal.Instant) signal.Evidence {
	s := o.LogReader
	e := signal.Evidence{
		signal.BytesFact("not_confirmed_bytes", int64(s.Lag())),
		signal.DurationFact("not_confirmed_for", at.Sub(t.Since)),
		signal.DurationFact("max_age", o.MaxAge),
	}
	if s.Binlog {
		e = t.binlogEvidence(o, at)
	}
	if s.Retained.Known() {
		e = append(e, signal.BytesFact("wal_retained_bytes", int64(s.Retained)))
	}
	if s.Remaining.Known() {
		e = append(e, signal.BytesFact("wal_left_until_lost_bytes", int64(s.Remaining)))
	}
	if s.Inserted.Known() {
		e = append(e, signal.CountFact("rows_inserted_meanwhile", int64(t.Rows)))
	}
	return e
}

// binlogEvidence is the evidence of a binary log, for which the server keeps no position
// of the reader.
func (t *logMemory) binlogEvidence(o *signal.Outbox, at signal.Instant) signal.Evidence {
	s := o.LogReader
	since := t.Since
	if t.Inactive.Known() {
		since = max(since, t.Inactive)
	}
	e := signal.Evidence{
		signal.BytesFact("written_meanwhile_bytes", s.Written-t.Written),
		signal.DurationFact("not_read_for", at.Sub(since)),
		signal.DurationFact("max_age", o.MaxAge),
	}
	if s.LogRetention > 0 {
		e = append(e, signal.DurationFact("log_is_removed_after", s.LogRetention))
	}
	return e
}
