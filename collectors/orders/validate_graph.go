package orders

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
)

// graphErrors checks the graph that the states form.
func (c *Config) graphErrors() []error {
	g := newGraph(c)
	if g.ends == 0 {
		return []error{config.At("states", "no state is terminal, so that no order ever ends; remove next from the last state, or write terminal: true")}
	}
	reached := g.from(g.initial)
	var errs []error
	var reported set // states of the cycles that are reported
	for i, s := range c.States {
		at := "states." + s.Name
		if !reached.has(i) {
			errs = append(errs, config.At(at, "no order reaches this state from %s; add it to the next of another state, or write initial: true", g.names[0]))
		}
		if !g.from(only(true, i)).meets(g.ends) {
			errs = append(errs, config.At(at, "no terminal state can be reached from here; add a next that leads to one"))
		}
		if cycle := g.cycle(i); cycle != 0 && !cycle.meets(reported) && c.Max == 0 && !g.bounded(cycle) {
			reported |= cycle
			errs = append(errs, config.At(at+".next", "an order can stay in a cycle forever: %s; set max for one of these states, or for the lifecycle", pathText(g.names, g.shortest(i, i))))
		}
		errs = append(errs, c.relationErrors(g, i)...)
	}
	return errs
}

// bounded reports whether one of the states has a max.
func (g *graph) bounded(states set) bool {
	for i, m := range g.max {
		if states.has(i) && m > 0 {
			return true
		}
	}
	return false
}

// relationErrors checks excludes and compensates of a state against the transitions.
func (c *Config) relationErrors(g *graph, i int) []error {
	var errs []error
	s := c.States[i]
	for k, name := range s.Value.Excludes {
		other := slices.Index(g.names, name)
		for _, ends := range [][2]int{{i, other}, {other, i}} {
			if path := g.shortest(ends[0], ends[1]); path != nil {
				errs = append(errs, config.At(fmt.Sprintf("states.%s.excludes[%d]", s.Name, k), "an order may go %s, so that the two states do not exclude each other", pathText(g.names, path)))
				break
			}
		}
	}
	for k, name := range s.Value.Compensates {
		if g.shortest(slices.Index(g.names, name), i) == nil {
			errs = append(errs, config.At(fmt.Sprintf("states.%s.compensates[%d]", s.Name, k), "no transitions lead from %s to this state, so that this state cannot undo it", name))
		}
	}
	return errs
}

// pathText writes a path as text.
func pathText(names []string, path []int) string {
	text := make([]string, len(path))
	for i, state := range path {
		text[i] = names[state]
	}
	return strings.Join(text, " → ")
}
