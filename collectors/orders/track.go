package orders

import (
	"github.com/lostorder/lostorder/internal/signal"
)

// step is one row of the history: the state that an order entered, and when.
type step struct {
	state int // undeclared where the lifecycle does not declare it
	at    signal.Instant
	key   number
	trace string
	span  string
}

// number is the key of a row, where the key is a number.
type number struct {
	value int64
	valid bool
}

// undeclared is the state of a step whose value the lifecycle does not declare. Every
// transition from or to it is accepted.
const undeclared = -1

// track is where an order is, and what later transitions need to know of its path.
type track struct {
	state int
	at    signal.Instant // when it entered the state
	began signal.Instant // when it began; unknown where the beginning was not read
	been  set            // the states it was in
	owed  set            // completed steps that must be undone if the saga is abandoned
	late  bool           // it was in a state for longer than allowed
	ended bool           // its end was counted
}

// wrong returns what is wrong with a step; empty if nothing is.
func (g *graph) wrong(t *track, s step) signal.ConflictKind {
	switch {
	case s.state == undeclared:
		return ""
	case g.excludes[s.state].meets(t.been):
		return signal.ExcludedStates
	case t.state != undeclared && !g.legal(t.state, s.state):
		if g.ends.has(t.state) && g.ends.has(s.state) {
			return signal.TwoTerminalStates
		}
		return signal.IllegalTransition
	case g.abandoned.has(s.state) && g.owe(t.owed, t.state, s.state) != 0:
		return signal.NotCompensated
	}
	return ""
}

// legal reports whether an order may go from one state to another. A row that repeats
// the state is no transition.
func (g *graph) legal(from, to int) bool { return from == to || g.next[from].has(to) }

// owe adds the step that a transition completes, if another step would have to undo it,
// and removes the steps that the new state undoes.
func (g *graph) owe(owed set, from, to int) set {
	if from == undeclared || from == to {
		return owed
	}
	forward := !g.compensating.has(to) && !g.abandoned.has(to) && !g.failed.has(to)
	if forward && g.undoneBy[from] != 0 {
		owed = owed.with(from)
	}
	for i := range g.names {
		if owed.has(i) && g.undoneBy[i].has(to) {
			owed = owed.without(only(true, i))
		}
	}
	return owed
}

// begin is the track of an order after its first step.
func (g *graph) begin(s step) track {
	t := track{state: s.state, at: s.at}
	if s.state != undeclared {
		t.been = t.been.with(s.state)
	}
	return t
}

// advance takes the next step.
func (g *graph) advance(t *track, s step) {
	if s.state == t.state {
		return
	}
	if t.state != undeclared && g.max[t.state] > 0 && s.at.Sub(t.at) > g.max[t.state] {
		t.late = true
	}
	if s.state != undeclared {
		t.owed = g.owe(t.owed, t.state, s.state)
		t.been = t.been.with(s.state)
	}
	t.state, t.at = s.state, s.at
}
