package signal

import "time"

// Lifecycle is one reading of the states of orders in one store.
type Lifecycle struct {
	Name     string
	Database string
	Saga     bool          // its states are the steps of a saga
	Max      time.Duration // how long an order may take from its beginning to its end; 0: as long as it likes
	States   []State
	// Unnamed are values in the state column that the lifecycle does not name.
	Unnamed []string
	// Undeclared are those values as states, with the orders that are in them: how many,
	// since when, and which. A value whose orders could not be read is missing here.
	Undeclared []State

	// History is what the history of moves says; nil where there is none, or where
	// it was not read.
	History *History
	// Duplicates are orders that were made of the same request; nil where they were
	// not looked for.
	Duplicates *Duplicates
}

// State is one state of a lifecycle.
type State struct {
	Name          string
	Max           time.Duration // how long an order may be in it; 0: as long as it likes
	Terminal      bool
	Abandoned     bool     // an end in which the order was given up
	Failed        bool     // nothing goes on from here by itself: a saga that is here needs somebody
	Compensating  bool     // the step undoes others
	Next          []string // the states that an order may go to
	Orders        Count
	OrdersCapped  bool
	Overdue       Count
	OverdueCapped bool
	Oldest        Age        // dwell of the order that has been in it longest
	Longest       []OrderRef // the orders that have been in it longest, oldest first
	Dwells        *Dwells    // of all that are in it, as they were counted last; nil where they are not
}

// Dwells is how long the orders that are in a state have been there.
type Dwells struct {
	Within []Within // each with those of the ones before it
	Orders int64    // all of them
}

// DwellBounds are the times within which dwells are counted.
var DwellBounds = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
	time.Hour, 4 * time.Hour, day, 3 * day, 7 * day, 30 * day,
}

const day = 24 * time.Hour

// Within counts orders that have been in a state for no longer than that.
type Within struct {
	For    time.Duration
	Orders int64
}

// History is what the table of moves says, since the source began to read it.
type History struct {
	Moves     []Move
	Completed Completed
	// Left are the orders that left a state since the reading before.
	Left []Dwell
	// Conflicts are orders that went where they may not, the latest first.
	Conflicts       []Conflict
	ConflictsCapped bool
}

// Move counts the orders that went from one state to another.
type Move struct {
	From, To string
	Orders   int64
}

// Completed counts the orders that came to an end.
type Completed struct {
	InTime    int64 // no state, and not the whole, took longer than it may
	Late      int64
	Abandoned int64 // in a state in which the order is given up
}

// Dwell is how long one order was in a state that it has left.
type Dwell struct {
	State   string
	For     time.Duration
	TraceID string
}

// ConflictKind says in which way an order went where it may not.
type ConflictKind string

// The kinds of conflict.
const (
	IllegalMove    ConflictKind = "illegal_move"    // the lifecycle has no such move
	ExcludedStates ConflictKind = "excluded_states" // it was in two states that exclude each other
	TwoEnds        ConflictKind = "two_ends"        // it came to an end, and then to another
	NotCompensated ConflictKind = "not_compensated" // a saga was given up and a step that was done was never undone
)

// Conflict is one order that went where it may not. Since is when.
type Conflict struct {
	OrderRef
	Kind ConflictKind
	Path string // the moves, for people: "placed → paid → cancelled"
	// Confirmed: the order's whole history said so in two readings. Until then it may
	// be a transaction that is not committed yet, or two clocks that differ.
	Confirmed bool
}

// Duplicates are groups of orders that share what only one order may have.
type Duplicates struct {
	Within time.Duration // how far apart they were made at the most
	Groups []Request     // the latest first
	Capped bool          // there may be more groups
}

// Request is one request that became several orders, in the order in which they
// were made.
type Request struct {
	Orders []OrderRef
}
