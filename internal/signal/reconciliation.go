package signal

import "time"

// Reconciliation is one reading of a check that what one store holds, another
// store holds too. What it has not looked at yet is in none of its counts.
type Reconciliation struct {
	Name        string
	Left, Right Store
	Means       Meaning
	Grace       time.Duration // how long a mismatch may last
	// Mismatches has an entry for each kind that the check looks for, also where
	// there is none. They were read twice, and have outlived the grace.
	Mismatches []Mismatches
	// Suspects are mismatches that may still heal within the grace.
	Suspects Count
	// Compared counts the rows that were compared since the start, and Listed those
	// of them that had to be read one by one.
	Compared Count
	Listed   Count
	Round    Round
}

// Store is a table of a database.
type Store struct {
	Database string
	Table    string
}

// String names the store for people.
func (s Store) String() string { return s.Table + " (database " + s.Database + ")" }

// Meaning is what the rows on the right are to the orders on the left.
type Meaning string

// The meanings.
const (
	Effects Meaning = "effect"  // a payment, a shipment, a reservation
	Events  Meaning = "event"   // an event that tells of the order: an outbox, an event log
	Copies  Meaning = "replica" // the order itself, in another store
)

// MismatchKind is how two stores differ over one key.
type MismatchKind string

// The kinds of mismatches.
const (
	MissingRight MismatchKind = "missing_right" // the left has it and the right has not
	MissingLeft  MismatchKind = "missing_left"  // the right has it and the left has not
	Duplicate    MismatchKind = "duplicate"     // the right has it more than once
	Different    MismatchKind = "different"     // both have it, with other values
)

// Mismatches are those of one kind.
type Mismatches struct {
	Kind   MismatchKind
	Count  Count
	Capped bool    // there may be more
	Since  Instant // the moment of the oldest row among them, or when it was first seen
	Told   Instant // when the first of them had outlived the grace
	Orders []OrderRef
	// Details say for some of the orders what differs, for people.
	Details []string
}

// Round is how far the comparison of all rows, old ones too, has come.
type Round struct {
	Done  Count   // rounds that came to their end since the start
	Rows  Count   // rows that were compared in this round
	Part  float64 // of the round that is done, between 0 and 1; negative: not known
	Began Instant // of this round
	Rests bool    // it waits for its hours
}

// Of returns the mismatches of one kind; false where the check does not look for
// it.
func (r *Reconciliation) Of(kind MismatchKind) (Mismatches, bool) {
	for _, m := range r.Mismatches {
		if m.Kind == kind {
			return m, true
		}
	}
	return Mismatches{}, false
}
