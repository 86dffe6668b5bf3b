package signal

import "time"

// OrderRef names one order in a source.
type OrderRef struct {
	ID      string
	Since   Instant // when it began to wait, or entered its state
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
	HeadKey       string // the key of the oldest pending row; it changes when the relay publishes that row
	HeadUntried   bool   // the table records that the relay has not tried to publish that row
	Failed        Count
	Retried       Count
	Sample        []OrderRef // the oldest pending rows, oldest first
	SQL           string     // lists all pending rows; empty where it cannot
	Keys          []string   // the keys of the oldest pending rows, in the order in which they are to be published
	KeysCapped    bool       // there may be more pending rows after those of Keys
	Published     Count      // rows published since the first reading, at least; a counter
	Skipped       *Skipped   // the rows that the relay skipped; nil where its position is unknown
	LogReader     *LogReader // how the relay reads the database's log; nil where it reads the table
}

// Skipped are rows that the relay never saw: they were committed after its position
// had passed their sequence number.
type Skipped struct {
	Position string // how far the relay has read
	Rows     []SkippedRow
}

// SkippedRow is one row that the relay skipped.
type SkippedRow struct {
	Key       string
	Sequence  int64 // in the sequence that the relay reads by
	Position  int64 // how far the relay had read, at least, before the row became visible
	Order     OrderRef
	FirstSeen Instant // when the row was first read
	// Unmarked: the row was found at or below the position and is not marked as
	// published. It may have been visible in time.
	Unmarked bool
}

// LogReader is one reading of how a relay reads the log of a database. With a replication
// slot, the server keeps the position. With a binary log, the server only knows that the
// user is connected and whether there is more to send. Positions are bytes of the log.
type LogReader struct {
	Name             string        // of the slot, or of the user
	Binlog           bool          // a user reads the binary log, without a slot
	Dropped          bool          // the slot existed and no longer does
	Active           bool          // a reader is connected now
	Lost             bool          // the server removed log that the reader still needed
	Written          int64         // how far the server has written
	Confirmed        int64         // how far the reader has confirmed, or was sent the log at most; Unknown for a lost slot
	Sent             Count         // bytes sent on the connections of its readers; read only where they were not sent everything
	Retained         Count         // bytes of log that the server keeps for the slot
	Remaining        Count         // bytes that may still be written before the slot is lost
	Inserted         Count         // rows ever inserted into the outbox table, where the config names it
	Decoded          Count         // transactions ever decoded for the readers of the slot; a new slot begins with 0
	DecodedReset     string        // when an operator last reset that count; empty: never
	UnconfirmedSince Age           // since when the reader has not confirmed what the server wrote
	LogRetention     time.Duration // how long the server keeps its log, needed or not; 0: unknown
}

// Lag is how many bytes the reader has not confirmed.
func (s *LogReader) Lag() Count {
	if s.Dropped || s.Confirmed == Unknown {
		return Unknown
	}
	return Count(max(0, s.Written-s.Confirmed))
}
