package signal

import "time"

// Reconciliation is one reading of a check that what one store holds, another
// store holds too. Its counts do not include rows that it has not compared yet.
type Reconciliation struct {
	Name        string
	Left, Right Store
	Kind        ReconciliationKind
	Grace       time.Duration // how long a mismatch may last
	Severity    Severity      // the one of the config for findings about the check; empty: as decided
	// Mismatches has an entry for each kind that the check covers, also where the
	// count is zero. They were read twice and outlasted the grace period.
	Mismatches []Mismatches
	// Suspects are mismatches that may still disappear within the grace period.
	Suspects Count
	// Compared counts the rows that were compared since the start. Listed counts
	// those among them that had to be read one by one.
	Compared Count
	Listed   Count
	Pass     Pass
}

// Store is a table of a database.
type Store struct {
	Database string
	Table    string
	// Empty: the last complete pass found no row that counts, and none came since.
	Empty bool
}

// String names the store in words.
func (s Store) String() string { return s.Table + " (database " + s.Database + ")" }

// ReconciliationKind says what a row on the right means for the order on the left.
type ReconciliationKind string

// The kinds of reconciliation.
const (
	Effects  ReconciliationKind = "effect"  // a payment, a shipment, a reservation
	Events   ReconciliationKind = "event"   // an event about the order: in an outbox or an event log
	Replicas ReconciliationKind = "replica" // the order itself, in another store
)

// MismatchKind is how two stores differ for one key.
type MismatchKind string

// The kinds of mismatches.
const (
	MissingRight MismatchKind = "missing_right" // only the left has the key
	MissingLeft  MismatchKind = "missing_left"  // only the right has the key
	Duplicate    MismatchKind = "duplicate"     // the right has the key more than once
	Different    MismatchKind = "different"     // both have the key, with different values
)

// Mismatches are the mismatches of one kind.
type Mismatches struct {
	Kind        MismatchKind
	Count       Count
	Capped      bool    // there may be more
	Since       Instant // when the first of them was first read
	Oldest      Instant // when the oldest row among them was written; unknown where no column holds it
	ConfirmedAt Instant // when the first of them had outlasted the grace period
	Sample      []OrderRef
	AtStake     Stake // what they are worth
	// Details describe what differs, for some of the orders.
	Details []Detail
	// SQL lists all of them; empty where Sample names them all, and where it cannot. Of two
	// databases it is a statement for each, with a sentence how to compare their results.
	SQL string
}

// Detail is a text about one order. The id stands beside the text, so that it can be hidden.
type Detail struct {
	OrderID string
	Text    string
}

// String is the detail as a sentence names it.
func (d Detail) String() string { return d.OrderID + ": " + d.Text }

// Pass is the progress of the comparison of all rows, old ones included.
type Pass struct {
	Completed Count   // passes that finished since the start
	Rows      Count   // rows compared in this pass
	Fraction  float64 // the part of this pass that is done, 0 to 1; negative: unknown
	StartedAt Instant // of this pass
	Paused    bool    // it waits for the hours in which it may run
}

// OfKind returns the mismatches of one kind; false where the check does not cover it.
func (r *Reconciliation) OfKind(kind MismatchKind) (Mismatches, bool) {
	for _, m := range r.Mismatches {
		if m.Kind == kind {
			return m, true
		}
	}
	return Mismatches{}, false
}

// Capped reports whether there may be more mismatches of a kind than it counts.
func (r *Reconciliation) Capped(kind MismatchKind) bool {
	m, _ := r.OfKind(kind)
	return m.Capped
}
