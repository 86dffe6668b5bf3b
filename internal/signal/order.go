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
}
