package api

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Order is the answer of /api/v1/orders/{id}: the trail of one order.
type Order struct {
	ID     string    `json:"order_id"`
	Hashed bool      `json:"hashed"` // order_id is the hash of what was asked for
	At     time.Time `json:"at"`     // when it was looked up
	// Summary says in one or two sentences where the order is and what is overdue.
	Summary  string             `json:"summary"`
	Events   []OrderEvent       `json:"events"`   // in the order of time, those without a time last
	Expected []OrderExpectation `json:"expected"` // in the order of their deadlines
	Places   []OrderPlace       `json:"places"`   // all that were searched, or should have been
	Traces   []OrderTrace       `json:"traces"`
	// Findings are those that name the order; a look-up without a running lostorder knows
	// none and leaves them out.
	Findings []Finding `json:"findings,omitempty"`
}

// OrderEvent is one thing that happened to the order.
type OrderEvent struct {
	At      time.Time        `json:"at,omitzero"` // absent where the source does not say
	Place   int              `json:"place"`       // its index in places
	Source  string           `json:"source"`      // collector/target
	Kind    signal.EventKind `json:"kind"`
	What    string           `json:"what"`
	Detail  string           `json:"detail,omitempty"` // free text of the source
	Key     string           `json:"key,omitempty"`    // of the row, or the place of the message
	TraceID string           `json:"trace_id,omitempty"`
}

// OrderExpectation is what should happen to the order.
type OrderExpectation struct {
	What    string    `json:"what"`
	By      time.Time `json:"by"`
	Overdue bool      `json:"overdue"`
	Place   int       `json:"place"` // its index in places
	Source  string    `json:"source"`
}

// OrderPlace is one table, queue or topic in which the order was searched.
type OrderPlace struct {
	Store    string   `json:"store"` // the database, or the broker with its cluster
	Name     string   `json:"name"`
	Holds    string   `json:"holds"`
	Sources  []string `json:"sources"` // the targets that searched it
	Events   int      `json:"events"`
	Searched string   `json:"searched,omitempty"` // how much of it, where that is not all
	// Gaps are why it could not be searched, or not by all of its sources.
	Gaps []OrderGap `json:"gaps"`
}

// String names the place in words.
func (p *OrderPlace) String() string { return p.Store + " · " + p.Name }

// OrderGap is why a source could not search a place.
type OrderGap struct {
	Source   string   `json:"source"`
	Reason   string   `json:"reason"`
	Remedies []string `json:"remedies,omitempty"` // statements for the owner of the place to run
}

// OrderTrace is one trace of the order.
type OrderTrace struct {
	ID  string `json:"trace_id"`
	URL string `json:"url,omitempty"` // where tracing.url says where traces are shown
}
