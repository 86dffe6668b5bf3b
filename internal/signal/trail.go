package signal

// Place is one table, queue or topic in which a source looked for one order, and what it
// found there. Places of the same store and name are one place.
type Place struct {
	Store string // the database, or the broker with the name of its cluster
	Name  string // the table, queue or topic
	Holds string // what it holds, in the plural: "orders", "outbox rows", "dead letters"
	// Events happened to the order here, in any order.
	Events []Event
	// Expected are what should happen to it here, or should have.
	Expected []Expectation
	// Searched says how much was searched where that is not all: "the newest 640 of 12,000
	// messages". The order may then be here although no event says so.
	Searched string
	// Err is why the place could not be searched. Without events it is a gap.
	Err error
}

// Event is one thing that happened to one order.
type Event struct {
	Kind EventKind
	At   Instant // unknown where the source does not say
	What string  // "entered state paid"; it never names the order
	// Detail is free text from the source, such as the last error of a relay. It may
	// hold anything, so it is not shown where order ids are hashed.
	Detail  string
	Key     string // of the row, or the place of the message
	TraceID string
	SpanID  string
}

// EventKind says what kind of thing happened.
type EventKind string

// The kinds of events.
const (
	EventState      EventKind = "state"       // the order is in a state since then
	EventTransition EventKind = "transition"  // it entered a state
	EventRow        EventKind = "row"         // a row about it was written
	EventPublished  EventKind = "published"   // its event was published
	EventWaiting    EventKind = "waiting"     // its message waits in a queue
	EventDeadLetter EventKind = "dead_letter" // its message is in a dead letter queue
	EventFault      EventKind = "fault"       // what the source knows to be wrong
)

// Expectation is what should happen to an order.
type Expectation struct {
	What string // "leaves state paid for shipped or refunding"
	By   Instant
}
