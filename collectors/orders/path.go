package orders

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// evaluation is what the complete history of an order shows.
type evaluation struct {
	track
	kind  signal.ConflictKind // of the first conflict; empty if there is none
	since signal.Instant      // of the first conflict
	path  string
}

// evaluate follows all steps of an order. The first state is always accepted: earlier
// steps may be archived, or were never imported.
//
// A path that is wrong by time and legal by the numbers of the rows is legal: only a
// clock that is set back, or a local time at the end of daylight saving time, writes
// times in a wrong order. Steps without numbers are tried in the order in which the
// config declares their states.
func (g *graph) evaluate(steps []step, skew time.Duration) evaluation {
	numbered := !slices.ContainsFunc(steps, func(s step) bool { return !s.key.valid })
	slices.SortFunc(steps, func(a, b step) int {
		if numbered && a.key != b.key {
			return cmp.Compare(a.key.value, b.key.value)
		}
		return cmp.Compare(a.state, b.state)
	})
	byTime := g.follow(g.arrange(steps, skew))
	if byTime.kind != "" && numbered {
		if byNumber := g.follow(steps); byNumber.kind == "" {
			return byNumber
		}
	}
	return byTime
}

// follow takes the steps of an order one by one.
func (g *graph) follow(steps []step) evaluation {
	e := evaluation{track: g.begin(steps[0])}
	e.began = steps[0].at
	for _, s := range steps[1:] {
		if kind := g.wrong(&e.track, s); kind != "" && e.kind == "" {
			e.kind, e.since = kind, s.at
		}
		g.advance(&e.track, s)
	}
	e.path = g.path(steps)
	return e
}

// arrange sorts steps by time. It puts steps that are no further apart than the clocks
// may differ in a legal order, if there is one. For steps with the same time, as an
// import writes them, it tries the given order first.
func (g *graph) arrange(steps []step, skew time.Duration) []step {
	steps = slices.SortedStableFunc(slices.Values(steps), func(a, b step) int { return cmp.Compare(a.at, b.at) })
	arranged := make([]step, 0, len(steps))
	tries := 1000 // limits the cost of many steps with the same time
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
			if n := len(arranged); n > 0 && arranged[n-1].state != undeclared && left[i].state != undeclared && !g.legal(arranged[n-1].state, left[i].state) {
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

// path writes the last states of an order as text.
func (g *graph) path(steps []step) string {
	const limit = 8
	var names []string
	for _, s := range steps {
		name := "?"
		if s.state != undeclared {
			name = g.names[s.state]
		}
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	if len(names) > limit {
		names = append([]string{"…"}, names[len(names)-limit:]...)
	}
	return strings.Join(names, " → ")
}
