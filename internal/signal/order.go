package signal

import "time"

// OrderRef names one order in a source.
type OrderRef struct {
	ID      string
	Since   Instant // since when it has waited or been in its state
	TraceID string  // 32 hex digits of its W3C trace, where the source carries one
	SpanID  string  // 16 hex digits of the span that left it here, where the source carries it
}

// Outbox is one reading of an outbox table: events that were committed together
// with their orders and are not yet published.
type Outbox struct {
	Name          string
	Database      string
	Table         string
	MaxAge        time.Duration // how long an event may stay pending
	Pending       Count
	PendingCapped bool   // Pending is the cap; there may be more
	Oldest        Age    // of the oldest pending row
	HeadKey       string // the key of the oldest pending row; it changes when the relay gets past it
	Failed        Count
	Retried       Count
	Waiting       []OrderRef // the oldest pending rows, oldest first
	Keys          []string   // the keys of the oldest pending rows, in the order in which they are to be published
	KeysCut       bool       // there may be more pending rows behind those of Keys
	Published     Count      // rows that were published since the first reading, at least; a counter
	Skipped       *Skipped   // what the relay went past; nil where nothing says how far it has come
	Slot          *Slot      // what carries the events instead of pending rows; nil for a table
}

// Skipped is what the relay went past unseen: rows that were committed only after its
// position had passed their number.
type Skipped struct {
	Position string // how far the relay has come
	Rows     []SkippedRow
}

// SkippedRow is a row that the relay went past.
type SkippedRow struct {
	Key      string
	Number   int64 // in the sequence by which the relay orders
	Position int64 // where the relay was, at the least, before the row could be seen
	Order    OrderRef
	Seen     Instant // when it was first seen
	// Unmarked: it was found at or below the position and is not marked as published.
	// It may have been there in time.
	Unmarked bool
}

// Slot is one reading of how a relay reads the log of a database: by a replication
// slot of PostgreSQL, or as a user of MySQL, which keeps no place for it and knows only
// who is there, and whether there is more to send. Positions are bytes of the log.
type Slot struct {
	Name      string        // of the slot, or of the user
	Binlog    bool          // it is a user who reads the binary log of MySQL or MariaDB
	Gone      bool          // the slot was there, and is not any more
	Active    bool          // somebody reads it now
	Lost      bool          // the server removed log that the reader still needed
	Written   int64         // how far the server has written
	Confirmed int64         // up to where the reader has confirmed, or was sent the log at the most; Unknown for a slot that is lost
	Sent      Count         // bytes sent on the connections of those who read it now; asked for only where they were not sent all
	Retained  Count         // bytes of log that the server keeps for the slot
	Left      Count         // bytes that may still be written before the slot is lost
	Inserted  Count         // rows ever inserted into the outbox table, where that is named
	Behind    Age           // since when the reader has not confirmed what was written
	Kept      time.Duration // how long the server keeps its log, whoever needs it; 0 where it does not say
}

// Lag is how much the reader has not confirmed.
func (s *Slot) Lag() Count {
	if s.Gone || s.Confirmed == Unknown {
		return Unknown
	}
	return Count(max(0, s.Written-s.Confirmed))
}
