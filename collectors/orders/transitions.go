package orders

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// maxLeft is how many dwells one reading reports.
const maxLeft = 2000

// transitions counts the transitions of a history and remembers where orders are.
type transitions struct {
	graph     *graph
	max       time.Duration // for the whole lifecycle
	tracks    tracks
	counts    map[[2]int]int64
	completed signal.Outcomes
	left      []signal.Dwell
}

// take takes one step of an order. It returns false where the step alone does not decide
// whether it is legal.
func (t *transitions) take(id string, s step) (decided bool) {
	one := t.tracks.of(id)
	if one == nil {
		first := t.graph.begin(s)
		decided = s.state != undeclared && t.graph.initial.has(s.state)
		if decided {
			first.began = s.at
		}
		t.tracks.put(id, &first)
		return decided
	}
	if s.at < one.at || t.graph.wrong(one, s) != "" {
		return false
	}
	from, since := one.state, one.at
	t.graph.advance(one, s)
	if from == s.state || from == undeclared || s.state == undeclared {
		return true
	}
	t.counts[[2]int{from, s.state}]++
	if len(t.left) < maxLeft {
		t.left = append(t.left, signal.Dwell{State: t.graph.names[from], For: s.at.Sub(since), TraceID: s.trace})
	}
	t.complete(one)
	return true
}

// correct replaces what is known of an order by what its complete history shows.
func (t *transitions) correct(id string, exact track) {
	if one := t.tracks.of(id); one != nil && one.at <= exact.at {
		ended := one.ended
		*one = exact
		one.ended = ended
		t.complete(one)
	}
}

// complete counts an order that reached its end, once, as soon as it is known how long
// all of it took.
func (t *transitions) complete(one *track) {
	if one.state == undeclared || one.ended || !t.graph.ends.has(one.state) {
		return
	}
	switch {
	case t.graph.abandoned.has(one.state), t.graph.failed.has(one.state):
		t.completed.Abandoned++
	case one.late:
		t.completed.Late++
	case t.max > 0 && !one.began.Known():
		return
	case t.max > 0 && one.at.Sub(one.began) > t.max:
		t.completed.Late++
	default:
		t.completed.InTime++
	}
	one.ended = true
}

// signal is the reading of the transitions. Each dwell is reported once.
func (t *transitions) signal() *signal.History {
	h := &signal.History{Outcomes: t.completed, EndedDwells: t.left}
	t.left = nil
	for from, name := range t.graph.names {
		for to, other := range t.graph.names {
			if n := t.counts[[2]int{from, to}]; n > 0 || t.graph.next[from].has(to) {
				h.Transitions = append(h.Transitions, signal.Transition{From: name, To: other, Orders: n})
			}
		}
	}
	return h
}
