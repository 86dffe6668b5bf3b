package signal

import "time"

// Lifecycle is one reading of the states of orders in one store.
type Lifecycle struct {
	Name     string
	Database string
	Saga     bool          // its states are the steps of a saga
	Max      time.Duration // how long an order may take in all; 0: no limit
	States   []State
	// UndeclaredListed: all values of the state column were read, so that UndeclaredStates is
	// complete.
	UndeclaredListed bool
	// UndeclaredStates are the values of the state column that the lifecycle does not declare.
	UndeclaredStates []string
	// Undeclared are those values as states, with the number, age and sample of the orders
	// in them. A value whose orders could not be read is missing here.
	Undeclared []State

	// History is what the table of transitions shows; nil where there is none, or
	// where it was not read.
	History *History
	// Duplicates are the orders that one request created more than once; nil where
	// they were not read.
	Duplicates *Duplicates
}

// State is one state of a lifecycle.
type State struct {
	Name          string
	Max           time.Duration // how long an order may be in it; 0: no limit
	Terminal      bool
	Abandoned     bool     // a terminal state in which the order is given up
	Failed        bool     // no order leaves it by itself: an engineer has to act
	Compensating  bool     // the step undoes others
	Severity      Severity // the one of the config for findings about the state; empty: as decided
	Next          []string // the states that an order may change to
	Orders        Count
	OrdersCapped  bool
	Overdue       Count
	OverdueCapped bool
	AtStake       Stake           // what the overdue orders are worth; those of an undeclared state, all of them
	Oldest        Age             // dwell of the order that has been in it longest
	Sample        []OrderRef      // the orders with the longest dwell, longest first
	SQL           string          // lists all overdue orders, those of an undeclared state all; empty where it cannot
	Dwells        *DwellHistogram // of all orders in it, from the latest count; nil where they are not counted
}

// DwellHistogram counts the orders in a state by how long they have been in it.
type DwellHistogram struct {
	Buckets []DwellBucket // cumulative: each includes those before it
	Orders  int64         // all of them
}

// DwellBounds are the upper bounds of the buckets of a DwellHistogram.
var DwellBounds = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
	time.Hour, 4 * time.Hour, day, 3 * day, 7 * day, 30 * day,
}

const day = 24 * time.Hour

// DwellBucket counts the orders that have been in a state for at most UpTo.
type DwellBucket struct {
	UpTo   time.Duration
	Orders int64
}

// History is what the table of transitions has shown since the source began to
// read it.
type History struct {
	Transitions []Transition
	Outcomes    Outcomes
	// EndedDwells are the dwells that ended since the previous reading.
	EndedDwells []Dwell
	// Conflicts are the orders with an illegal transition, the latest first.
	Conflicts       []Conflict
	ConflictsCapped bool
}

// Transition counts the orders that changed from one state to another.
type Transition struct {
	From, To string
	Orders   int64
}

// Outcomes counts the orders that reached a terminal state.
type Outcomes struct {
	InTime    int64 // every state, and the order as a whole, stayed within its limit
	Late      int64
	Abandoned int64 // in a terminal state in which the order is given up
}

// Dwell is how long one order was in a state before it left it.
type Dwell struct {
	State   string
	For     time.Duration
	TraceID string
}

// ConflictKind says how the history of an order breaks the rules of its lifecycle.
type ConflictKind string

// The kinds of conflict.
const (
	IllegalTransition ConflictKind = "illegal_move"    // the lifecycle declares no such transition
	ExcludedStates    ConflictKind = "excluded_states" // it was in two states that exclude each other
	TwoTerminalStates ConflictKind = "two_ends"        // it reached a terminal state, and then another
	NotCompensated    ConflictKind = "not_compensated" // a saga was given up and one of its completed steps was never compensated
)

// Conflict is one order whose history breaks the rules of its lifecycle. Since is
// when it did.
type Conflict struct {
	OrderRef
	Kind ConflictKind
	Path string // the transitions in words: "placed → paid → cancelled"
	// Worth is what the order is worth; of no orders where that is unknown.
	Worth Amount
	// Confirmed: two readings of the whole history of the order show the conflict.
	// Until then a transaction may not be committed yet, or two clocks may differ.
	Confirmed bool
}

// Duplicates are groups of orders that share what only one order may have.
type Duplicates struct {
	Within time.Duration    // how far apart they were created at most
	Groups []DuplicateGroup // the latest first
	Capped bool             // there may be more groups
	// AtStake is what the duplicates are worth: all orders of each group but the first.
	AtStake Stake
}

// DuplicateGroup is one request that became several orders, in the order of their
// creation.
type DuplicateGroup struct {
	Orders []OrderRef
}
