package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// idleWrites is how much an idle server may write to its log by itself, checkpoints
// and vacuum above all, without any event in it.
const idleWrites = 64 << 10

// steadyInserts is how many readings have to see rows inserted before a slot that is
// read and not confirmed is taken to have events in it: a row that was rolled back
// counts as inserted, too.
const steadyInserts = 3

// slotTrack is what is remembered of a slot since it was last seen to advance.
type slotTrack struct {
	confirmed  int64
	sent       signal.Count
	since      signal.Instant // since when it has not advanced, while there was something to confirm
	written    int64          // how far the server had written then
	inserted   signal.Count   // rows of the table at the last reading
	rows       signal.Count   // inserted since
	steps      int            // readings that saw rows inserted
	inactive   signal.Instant // since when nobody reads it
	missing    signal.Instant // since when it is gone
	seenBefore bool
}

func (t *slotTrack) observe(s *signal.LogReader, at signal.Instant, rebase bool) {
	if !s.Dropped {
		t.missing = 0
	} else if !t.missing.Known() || rebase {
		t.missing = at
	}
	if s.Active || s.Dropped {
		t.inactive = 0
	} else if !t.inactive.Known() || rebase {
		t.inactive = at
	}
	if s.Dropped || s.Lost {
		return
	}
	if !t.seenBefore || rebase || s.Confirmed != t.confirmed || s.Sent != t.sent || s.Written <= s.Confirmed {
		t.since, t.written, t.rows, t.steps = at, s.Written, 0, 0
	} else if more := s.Inserted - t.inserted; s.Inserted.Known() && t.inserted.Known() && more > 0 {
		t.rows += more
		t.steps++
	}
	t.confirmed, t.sent, t.inserted, t.seenBefore = s.Confirmed, s.Sent, s.Inserted, true
}

// slotCase decides about an outbox whose relay reads the log.
//
// Who reads a binary log and is not sent all of it may only be slow, or just behind on a
// busy server at the moment of each reading: it is told only where the server counts
// what it sends, and sends nothing. How long the thread has run, which is the TIME of
// the list of threads, says nothing of that.
func slotCase(o *signal.Outbox, t *slotTrack, at signal.Instant) (Case, bool) {
	s := o.LogReader
	c := Case{Subject: signal.Subject{Database: o.Database, Outbox: o.Name}, Severity: signal.Critical}
	by, log := "slot", "the slot"
	if s.Binlog {
		by, log = "binlog_user", "the binary log as "+s.Name
	}
	told := func(since signal.Instant, after time.Duration, cause string) (Case, bool) {
		c.Since, c.DecidableAt = since, since.Add(after)
		c.Evidence = append(signal.Evidence{{Name: "cause", Value: cause}, {Name: by, Value: s.Name}}, c.Evidence...)
		return c, true
	}
	if s.Lost && s.Binlog {
		c.Evidence = signal.Evidence{{Name: "not_read_for", Value: inWords(at.Sub(t.inactive))}}
		return told(at, 0, "the server removed log that was written since its reader was last seen: events in it will never be published from it")
	}
	if s.Lost {
		c.Evidence = signal.Evidence{{Name: "wal_status", Value: "lost"}}
		return told(at, 0, "the server removed log that the slot still needed: events in it will never be published by it")
	}
	if o.MaxAge <= 0 {
		return c, false
	}
	if s.Dropped {
		if at.Sub(t.missing) < o.MaxAge {
			return c, false
		}
		return told(t.missing, o.MaxAge, "the slot was dropped: what is committed until there is a new one is not in that")
	}
	c.Count = max(0, int64(t.rows))
	c.Evidence = signal.Evidence{
		{Name: "not_confirmed", Value: bytesInWords(int64(s.Lag()))},
		{Name: "not_confirmed_for", Value: inWords(at.Sub(t.since))},
		{Name: "max_age", Value: inWords(o.MaxAge)},
	}
	if s.Binlog {
		c.Evidence = t.binlogEvidence(o, at)
	}
	if s.Retained.Known() {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "wal_retained", Value: bytesInWords(int64(s.Retained))})
	}
	if s.Remaining.Known() {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "wal_left_until_lost", Value: bytesInWords(int64(s.Remaining))})
	}
	if s.Inserted.Known() {
		c.Evidence = append(c.Evidence, signal.Fact{Name: "rows_inserted_meanwhile", Value: fmt.Sprint(int64(t.rows))})
	}
	stuck := t.since.Known() && at.Sub(t.since) >= o.MaxAge
	grown := t.rows > 0 || !s.Inserted.Known() && s.Written-t.written > idleWrites
	switch {
	case !stuck:
		return c, false
	case t.inactive.Known() && at.Sub(t.inactive) >= o.MaxAge && grown:
		return told(max(t.since, t.inactive), o.MaxAge, "nobody reads "+log+", while the server writes")
	case s.Active && s.Sent.Known() && grown:
		return told(t.since, o.MaxAge, "who reads "+log+" takes nothing of it, while the server writes")
	case s.Active && t.steps >= steadyInserts:
		return told(t.since, o.MaxAge, "the slot is read and not confirmed, while rows are inserted into the outbox")
	}
	return c, false
}

// binlogEvidence says what is known of a log of which nobody knows how far it was read.
func (t *slotTrack) binlogEvidence(o *signal.Outbox, at signal.Instant) signal.Evidence {
	s := o.LogReader
	since := t.since
	if t.inactive.Known() {
		since = max(since, t.inactive)
	}
	e := signal.Evidence{
		{Name: "written_meanwhile", Value: bytesInWords(s.Written - t.written)},
		{Name: "not_read_for", Value: inWords(at.Sub(since))},
		{Name: "max_age", Value: inWords(o.MaxAge)},
	}
	if s.LogRetention > 0 {
		e = append(e, signal.Fact{Name: "log_is_removed_after", Value: inWords(s.LogRetention)})
	}
	return e
}

// bytesInWords is a number of bytes for people.
func bytesInWords(n int64) string {
	const unit = 1024
	switch {
	case n < unit:
		return fmt.Sprintf("%d B", n)
	case n < unit*unit:
		return fmt.Sprintf("%.1f KiB", float64(n)/unit)
	case n < unit*unit*unit:
		return fmt.Sprintf("%.1f MiB", float64(n)/(unit*unit))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(unit*unit*unit))
}
