package detect

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// skippedLogFor is how long a range of the log that no slot holds stays a finding: nothing
	// brings it back, but an engineer should see it.
	skippedLogFor = 24 * time.Hour
	// countedWithin is how late the server may count inserted rows.
	countedWithin = 30 * time.Second
)

// slotMemory is what event_missing remembers of a slot: the last reading, and the range of the
// log that its reader will never receive, because the slot was dropped and created again, or
// moved forward.
type slotMemory struct {
	Outbox    string
	Seen      bool
	Gone      bool // the last reading found no slot
	Confirmed int64
	Inserted  signal.Count
	Decoded   signal.Count
	Reset     string         // of the count of decoded transactions
	Quiet     signal.Instant // since when nothing was decoded
	Waiting   signal.Count   // rows that were inserted since the slot last moved
	Grown     signal.Instant // when the first of them was seen

	From, To  int64
	Rows      signal.Count // that were inserted meanwhile
	Recreated bool
	SkippedAt signal.Instant
}

// slot returns the memory of the slot of an outbox.
func (v *view) slot(outbox string) *slotMemory {
	for _, k := range v.memory.slots {
		if k.Outbox == outbox {
			return k
		}
	}
	k := &slotMemory{Outbox: outbox}
	v.memory.slots = append(v.memory.slots, k)
	return k
}

func observeSlots(v *view) {
	for i := range v.report.Outboxes {
		if o := &v.report.Outboxes[i]; o.LogReader != nil && !o.LogReader.Binlog {
			v.slot(o.Name).observe(o.LogReader, v.at)
		}
	}
}

// observe takes a reading.
//
// A slot has no identity: one that was created again differs from the old one only in its
// count of decoded transactions, which begins with 0. A slot that moves forward past new rows
// while nothing is decoded was created again, too, or moved by hand.
func (k *slotMemory) observe(s *signal.LogReader, at signal.Instant) {
	if k.SkippedAt.Known() && at.Sub(k.SkippedAt) > skippedLogFor {
		k.SkippedAt = 0
	}
	if s.Dropped || s.Lost || s.Confirmed == signal.Unknown {
		k.Gone = k.Gone || s.Dropped
		return
	}
	comparable := k.Seen && s.Decoded.Known() && k.Decoded.Known() && s.DecodedReset == k.Reset
	if !comparable || s.Decoded != k.Decoded {
		defer func() { k.Quiet = at }()
	}
	if s.Inserted.Known() && k.Inserted.Known() && k.Seen && s.Inserted > k.Inserted {
		k.Waiting += s.Inserted - k.Inserted
		if !k.Grown.Known() {
			k.Grown = at
		}
	}
	if k.Seen && s.Confirmed > k.Confirmed {
		recreated := k.Gone || comparable && s.Decoded < k.Decoded
		untouched := comparable && s.Decoded == k.Decoded && (s.Decoded == 0 || k.Grown.Sub(k.Quiet) >= countedWithin)
		unknown := recreated && !s.Inserted.Known() && s.Confirmed-k.Confirmed > idleWrites
		if unknown || k.Waiting > 0 && (recreated || untouched) {
			k.From, k.To, k.Rows, k.Recreated, k.SkippedAt = k.Confirmed, s.Confirmed, k.Waiting, recreated, at
			if unknown {
				k.Rows = signal.Unknown
			}
		}
	}
	if !k.Seen || s.Confirmed != k.Confirmed {
		k.Waiting, k.Grown = 0, 0
	}
	k.Seen, k.Gone = true, false
	k.Confirmed, k.Inserted, k.Decoded, k.Reset = s.Confirmed, s.Inserted, s.Decoded, s.DecodedReset
}

// skipped is the case of a slot whose reader will never receive a range of the log.
func (k *slotMemory) skipped(o *signal.Outbox) (Case, bool) {
	if !k.SkippedAt.Known() || o.LogReader.Dropped {
		return Case{}, false
	}
	what, cause := "was moved forward without a reader", "the position of the slot advanced while nothing was decoded for a reader: it was created again, or moved by hand"
	if k.Recreated {
		what, cause = "was dropped and created again", "a new slot does not contain what was committed before it was created"
	}
	c := Case{
		Subject: outboxSubject(o), Severity: signal.Critical, Since: k.SkippedAt, DecidableAt: k.SkippedAt,
		Summary: fmt.Sprintf("Slot %s %s: no reader receives what was committed from %s to %s.", o.LogReader.Name, what, lsn(k.From), lsn(k.To)),
		Evidence: signal.Evidence{
			signal.TextFact("cause", cause),
			signal.TextFact("slot", o.LogReader.Name),
			signal.TextFact("skipped_log", lsn(k.From)+" to "+lsn(k.To)),
			signal.BytesFact("skipped_bytes", k.To-k.From),
		},
	}
	if k.Rows.Known() {
		c.Count = int64(k.Rows)
		c.Summary = fmt.Sprintf("Slot %s %s: up to %s of %s between %s and %s reach no reader.",
			o.LogReader.Name, what, phrase.Count(int(k.Rows), "row"), o.Table, lsn(k.From), lsn(k.To))
		c.Evidence = append(c.Evidence, signal.CountFact("rows_inserted_meanwhile", int64(k.Rows)))
	}
	return c, true
}

// lsn writes a position of the log as PostgreSQL does.
func lsn(position int64) string {
	return fmt.Sprintf("%X/%X", uint64(position)>>32, uint32(position)) //nolint:gosec // a position is two halves of 32 bits
}
