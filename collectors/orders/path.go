package orders

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// step is one row of the history: the state that an order entered, and when.
type step struct {
	state int // unnamed when the lifecycle does not name it
	at    signal.Instant
	key   number
	trace string
	span  string
}

// number is the key of a row, where that is a number; the zero one is none.
type number struct {
	value int64
	is    bool
}

// noState is the state of a step whose value the lifecycle does not name: to there
// and from there every move is as good as any other.
const noState = -1

// track is where an order is, and what of its way matters for what comes.
type track struct {
	state int
	at    signal.Instant // since when it is there
	began signal.Instant // when it began; unknown when the beginning was not read
	been  set            // the states it was in
	owed  set            // the steps that were done, and are to be undone if it is given up
	late  bool           // it was in a state for longer than it may
	ended bool           // its end was counted
}

// wrong says what would be wrong with a step; empty when nothing is.
func (g *graph) wrong(t *track, s step) signal.ConflictKind {
	switch {
	case s.state == noState:
		return ""
	case g.excludes[s.state].meets(t.been):
		return signal.ExcludedStates
	case t.state != noState && !g.legal(t.state, s.state):
		if g.ends.has(t.state) && g.ends.has(s.state) {
			return signal.TwoEnds
		}
		return signal.IllegalMove
	case g.abandoned.has(s.state) && g.owe(t.owed, t.state, s.state) != 0:
		return signal.NotCompensated
	}
	return ""
}

// legal reports whether an order may go from one state to another; to be told
// twice that it is in a state is no move.
func (g *graph) legal(from, to int) bool { return from == to || g.next[from].has(to) }

// owe adds the step that a move leaves behind as done, if another step would have
// to undo it, and takes away those that the step it leads to undoes.
func (g *graph) owe(owed set, from, to int) set {
	if from == noState || from == to {
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

// begin is where an order is after its first step.
func (g *graph) begin(s step) track {
	t := track{state: s.state, at: s.at}
	if s.state != noState {
		t.been = t.been.with(s.state)
	}
	return t
}

// advance goes one step on.
func (g *graph) advance(t *track, s step) {
	if s.state == t.state {
		return
	}
	if t.state != noState && g.max[t.state] > 0 && s.at.Sub(t.at) > g.max[t.state] {
		t.late = true
	}
	if s.state != noState {
		t.owed = g.owe(t.owed, t.state, s.state)
		t.been = t.been.with(s.state)
	}
	t.state, t.at = s.state, s.at
}

// judgement is what the whole way of an order says.
type judgement struct {
	track
	kind signal.ConflictKind // of the first thing that is wrong; empty when nothing is
	when signal.Instant
	path string
}

// judge goes the whole way of an order. Where it begins is not judged: what was
// before may have been archived, or never imported.
//
// What is wrong by the moments and right by the numbers of the rows is right: a
// clock that is set back, or a wall clock at the end of summer time, tells moments
// in a wrong order, and nothing else does. Rows without numbers are given in the order
// in which the config has their states.
func (g *graph) judge(steps []step, skew time.Duration) judgement {
	numbered := !slices.ContainsFunc(steps, func(s step) bool { return !s.key.is })
	slices.SortFunc(steps, func(a, b step) int {
		if numbered && a.key != b.key {
			return cmp.Compare(a.key.value, b.key.value)
		}
		return cmp.Compare(a.state, b.state)
	})
	j := g.along(g.arrange(steps, skew))
	if j.kind != "" && numbered {
		if byNumber := g.along(steps); byNumber.kind == "" {
			return byNumber
		}
	}
	return j
}

// along goes the way of an order step by step.
func (g *graph) along(steps []step) judgement {
	j := judgement{track: g.begin(steps[0])}
	j.began = steps[0].at
	for _, s := range steps[1:] {
		if kind := g.wrong(&j.track, s); kind != "" && j.kind == "" {
			j.kind, j.when = kind, s.at
		}
		g.advance(&j.track, s)
	}
	j.path = g.path(steps)
	return j
}

// arrange puts steps in order. Those that lie no further apart than the clocks may
// differ come in an order that is legal, if there is one. Those of one moment, as an
// import writes them, are tried first in the order in which they are given.
func (g *graph) arrange(steps []step, skew time.Duration) []step {
	steps = slices.SortedStableFunc(slices.Values(steps), func(a, b step) int { return cmp.Compare(a.at, b.at) })
	arranged := make([]step, 0, len(steps))
	tries := 1000 // many moves in one moment must not cost more than that
	var put func(left []step) bool
	put = func(left []step) bool {
		if len(left) == 0 {
			return true
		}
		for i := range left {
			if tries == 0 || left[i].at.Sub(left[0].at) > skew {
				return false
			}
			tries--
			if n := len(arranged); n > 0 && arranged[n-1].state != noState && left[i].state != noState && !g.legal(arranged[n-1].state, left[i].state) {
				continue
			}
			arranged = append(arranged, left[i])
			if put(slices.Delete(slices.Clone(left), i, i+1)) {
				return true
			}
			arranged = arranged[:len(arranged)-1]
		}
		return false
	}
	if put(steps) {
		return arranged
	}
	return steps
}

// path writes a way for people, without what came long before its end.
func (g *graph) path(steps []step) string {
	const most = 8
	var names []string
	for _, s := range steps {
		name := "?"
		if s.state != noState {
			name = g.names[s.state]
		}
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	if len(names) > most {
		names = append([]string{"…"}, names[len(names)-most:]...)
	}
	return strings.Join(names, " → ")
}
