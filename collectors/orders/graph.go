package orders

import "time"

// set is a set of states by their number in the config.
type set uint64

// maxStates is the largest number of states in a lifecycle: as many as a set holds.
const maxStates = 64

func (s set) has(i int) bool    { return s&(1<<i) != 0 }
func (s set) with(i int) set    { return s | 1<<i }
func (s set) meets(o set) bool  { return s&o != 0 }
func (s set) without(o set) set { return s &^ o }
func only(has bool, i int) set {
	if has {
		return 1 << i
	}
	return 0
}

// graph is a lifecycle in numbers, for checks of every transition.
type graph struct {
	names    []string
	max      []time.Duration
	next     []set // the states that may follow each state
	excludes []set // the states that each state excludes
	undoneBy []set // the steps that undo each step

	ends, abandoned, failed, compensating, initial set
}

// newGraph makes the graph. Each name that a state refers to must be that of a state.
func newGraph(c *Config) *graph {
	n := len(c.States)
	g := &graph{
		names: make([]string, n), max: make([]time.Duration, n),
		next: make([]set, n), excludes: make([]set, n), undoneBy: make([]set, n),
	}
	number := make(map[string]int, n)
	for i, s := range c.States {
		g.names[i], number[s.Name] = s.Name, i
	}
	for i, s := range c.States {
		g.max[i] = time.Duration(s.Value.Max)
		for _, name := range s.Value.Next {
			g.next[i] = g.next[i].with(number[name])
		}
		for _, name := range s.Value.Excludes {
			other := number[name]
			g.excludes[i], g.excludes[other] = g.excludes[i].with(other), g.excludes[other].with(i)
		}
		for _, name := range s.Value.Compensates {
			g.undoneBy[number[name]] = g.undoneBy[number[name]].with(i)
		}
		g.ends |= only(s.Value.done(), i)
		g.abandoned |= only(s.Value.Abandoned, i)
		g.failed |= only(s.Value.Failed, i)
		g.compensating |= only(len(s.Value.Compensates) > 0, i)
		g.initial |= only(i == 0 || s.Value.Initial, i)
	}
	return g
}

// from are the states that can be reached from the given ones, and those themselves.
func (g *graph) from(begin set) set {
	reached, before := begin, set(0)
	for reached != before {
		before = reached
		for i := range g.names {
			if reached.has(i) {
				reached |= g.next[i]
			}
		}
	}
	return reached
}

// cycle are the states on the cycles through state i; none if there is no cycle.
func (g *graph) cycle(i int) set {
	var all set
	after := g.from(g.next[i])
	if !after.has(i) {
		return 0
	}
	for j := range g.names {
		if after.has(j) && g.from(g.next[j]).has(i) {
			all = all.with(j)
		}
	}
	return all
}

// shortest is the shortest path from one state to another, both included.
func (g *graph) shortest(from, to int) []int {
	before := map[int]int{}
	queue := []int{from}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for j := range g.names {
			if _, seen := before[j]; !g.next[i].has(j) || seen {
				continue
			}
			before[j] = i
			if j == to {
				path := []int{to}
				for at := to; at != from || len(path) == 1; {
					at = before[at]
					path = append([]int{at}, path...)
				}
				return path
			}
			queue = append(queue, j)
		}
	}
	return nil
}
