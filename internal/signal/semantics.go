package signal

// Semantics is how a messaging system behaves, as far as decisions depend on it. Each
// source declares it once and sets it on its queues and dead letter queues. The zero
// value claims nothing.
type Semantics struct {
	// Log: a queue is a topic as one consumer group reads it. Consumers acknowledge by
	// committing a position, and a message stays when it was processed.
	Log bool
	// RemovesSegments: messages are removed by whole segments of a log, so that an age or
	// a size limit acts late.
	RemovesSegments bool
	// NamesDeadLetters: dead letter queues are known by their names only. The broker
	// itself dead-letters nothing.
	NamesDeadLetters bool
	// DeadLettersRemoved: messages that are removed by age or length go to the dead
	// letter route, where there is one.
	DeadLettersRemoved bool
	// CountsReceipts: the broker counts deliveries and no redeliveries.
	CountsReceipts bool
	// RetriesUntilRetention: without a reachable dead letter queue a failing message is
	// redelivered until its retention ends.
	RetriesUntilRetention bool
	// CountersBalance: published minus acknowledged is the depth, so that a difference is
	// a message that was removed otherwise.
	CountersBalance bool
	// RetentionShowsInDepth: removal by retention is not counted; it shows only in the
	// depth and the age of the oldest message.
	RetentionShowsInDepth bool
	// NoDeadLettering says in words what a queue without a dead letter queue lacks.
	NoDeadLettering string
}

// Get returns the semantics; the zero value for a source that declares none.
func (s *Semantics) Get() Semantics {
	if s == nil {
		return Semantics{}
	}
	return *s
}
