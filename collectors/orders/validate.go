package orders

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
)

// Validate checks that the states make a lifecycle.
func (c *Config) Validate() error {
	errs := c.states()
	if len(errs) == 0 { // what follows from a state that is misspelt is no mistake of its own
		errs = c.shape()
	}
	where := map[string]string{"source.where": c.Source.Where}
	errs = append(errs, tableOr("source", c.Source.Table, c.Source.Query)...)
	if c.History != nil {
		where["history.where"] = c.History.Where
		errs = append(errs, tableOr("history", c.History.Table, c.History.Query)...)
	}
	for key, sql := range where {
		if wrong := database.CheckPredicate(sql); wrong != "" {
			errs = append(errs, config.At(key, "%s", wrong))
		}
	}
	if columns := c.Source.Columns; columns.Updated != "" && columns.Since != defaultSince {
		errs = append(errs, config.At("source.columns.updated", "given together with since; keep since, if it is when the order entered its state"))
	}
	if c.Histogram != nil && c.Source.Columns.Updated != "" {
		errs = append(errs, config.At("histogram", "no column says since when an order is in its state (source.columns.updated), so there is nothing to count; take histogram out"))
	}
	ids := len(c.Source.Columns.OrderID)
	if ids == 0 {
		errs = append(errs, config.At("source.columns.order_id", "an empty list; name the column that tells orders apart, or leave it out, which is id"))
	}
	if c.History != nil {
		errs = append(errs, c.History.keys(ids)...)
	}
	if d := c.Duplicates; d != nil {
		errs = append(errs, c.named("duplicates.except", d.Except)...)
	}
	return errors.Join(errs...)
}

// keys checks what tells rows and their orders apart, for orders whose id has some
// columns in the source.
func (h *History) keys(ids int) (errs []error) {
	if len(h.Columns.Key) == 0 {
		errs = append(errs, config.At("history.columns.key", "an empty list; name the column that tells rows apart, or leave it out, which is id"))
	}
	if n := len(h.Columns.OrderID); n != ids {
		errs = append(errs, config.At("history.columns.order_id", "has %d columns, and source.columns.order_id has %d; name here, too, all that tell orders apart, in the same order", n, ids))
	}
	return errs
}

// tableOr checks that there is either a table or a query.
func tableOr(path, table, query string) []error {
	switch wrong := database.CheckQuery(query); {
	case table == "" && query == "":
		return []error{config.At(path+".table", "missing; write for example table: orders, or give a query")}
	case table != "" && query != "":
		return []error{config.At(path+".query", "given together with table; keep one of them")}
	case query != "" && wrong != "":
		return []error{config.At(path+".query", "%s", wrong)}
	}
	return nil
}

// defaultSince is the column since when none is given.
const defaultSince = "updated_at"

// states checks each state on its own, and that no value stands for two.
func (c *Config) states() []error {
	var errs []error
	if len(c.States) > mostStates {
		errs = append(errs, config.At("states", "there are %d; a lifecycle has at most %d", len(c.States), mostStates))
	}
	owner := map[string]string{}
	for _, s := range c.States {
		at := "states." + s.Name
		for key, names := range map[string][]string{"next": s.Value.Next, "excludes": s.Value.Excludes, "compensates": s.Value.Compensates} {
			errs = append(errs, c.named(at+"."+key, names)...)
			if i := slices.Index(names, s.Name); i >= 0 {
				errs = append(errs, config.At(fmt.Sprintf("%s.%s[%d]", at, key, i), "%s; take it out", toItself[key]))
			}
		}
		switch v := s.Value; {
		case v.Failed && c.Kind != "saga":
			errs = append(errs, config.At(at+".failed", "says something of sagas only; write kind: saga, or take it out"))
		case len(v.Compensates) > 0 && c.Kind != "saga":
			errs = append(errs, config.At(at+".compensates", "says something of sagas only; write kind: saga, or take it out"))
		case v.Failed && v.Max != 0:
			errs = append(errs, config.At(at+".max", "the state is failed, so nothing may be in it at all; take max out"))
		case v.done() && !v.Failed && v.Max != 0:
			errs = append(errs, config.At(at+".max", "the state is terminal, so an order stays in it for ever; give it next, or take max out"))
		case v.Abandoned && !v.done():
			errs = append(errs, config.At(at+".abandoned", "the state is no end; write terminal: true, or take abandoned out"))
		case c.Kind == "saga" && !v.done() && !v.Failed && v.Max == 0:
			errs = append(errs, config.At(at, "a saga that may stay here as long as it likes is never stuck; give the step max"))
		}
		for i, v := range s.Value.values(s.Name) {
			path := at
			if len(s.Value.Values) > 0 {
				path = fmt.Sprintf("%s.values[%d]", at, i)
			}
			if other, taken := owner[v]; taken {
				errs = append(errs, config.At(path, "the value %q stands for the state %s already", v, other))
			}
			owner[v] = s.Name
		}
	}
	return errs
}

// toItself says what is wrong with a state that names itself.
var toItself = map[string]string{
	"next":        "a state does not lead to itself",
	"excludes":    "a state does not exclude itself",
	"compensates": "a step does not undo itself",
}

// named checks that each of the names is that of a state, once.
func (c *Config) named(path string, given []string) []error {
	var errs []error
	for i, name := range given {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch _, exists := c.States.Get(name); {
		case !exists:
			errs = append(errs, config.At(at, "%q is no state of this lifecycle; %s", name, hint(name, c.names())))
		case slices.Index(given, name) < i:
			errs = append(errs, config.At(at, "%q is there twice", name))
		}
	}
	return errs
}

// shape checks what the states make together.
func (c *Config) shape() []error {
	g := newGraph(c)
	if g.ends == 0 {
		return []error{config.At("states", "no state is terminal, so no order is ever done; leave out next, or write terminal: true, where it is")}
	}
	reached := g.from(g.initial)
	var errs []error
	var rounds set // that were told of
	for i, s := range c.States {
		at := "states." + s.Name
		if !reached.has(i) {
			errs = append(errs, config.At(at, "no order can come here from %s; name it in the next of another state, or write initial: true", g.names[0]))
		}
		if !g.from(only(true, i)).meets(g.ends) {
			errs = append(errs, config.At(at, "no way leads from here to an end; name a state in its next that leads to one"))
		}
		if round := g.around(i); round != 0 && !round.meets(rounds) && c.Max == 0 && !g.bound(round) {
			rounds |= round
			errs = append(errs, config.At(at+".next", "an order may go round for ever: %s; give one of these states max, or the lifecycle", g.words(g.way(i, i))))
		}
		errs = append(errs, c.against(g, i)...)
	}
	return errs
}

// bound reports whether one of the states has a longest time.
func (g *graph) bound(round set) bool {
	for i, m := range g.max {
		if round.has(i) && m > 0 {
			return true
		}
	}
	return false
}

// against checks what a state says of others against the moves.
func (c *Config) against(g *graph, i int) []error {
	var errs []error
	s := c.States[i]
	for k, name := range s.Value.Excludes {
		other := slices.Index(g.names, name)
		for _, ends := range [][2]int{{i, other}, {other, i}} {
			if way := g.way(ends[0], ends[1]); way != nil {
				errs = append(errs, config.At(fmt.Sprintf("states.%s.excludes[%d]", s.Name, k), "an order may go %s, so the two do not exclude each other", g.words(way)))
				break
			}
		}
	}
	for k, name := range s.Value.Compensates {
		if g.way(slices.Index(g.names, name), i) == nil {
			errs = append(errs, config.At(fmt.Sprintf("states.%s.compensates[%d]", s.Name, k), "no way leads from %s to here, so it cannot be undone here", name))
		}
	}
	return errs
}

// words writes a way for people.
func (g *graph) words(way []int) string {
	names := make([]string, len(way))
	for i, state := range way {
		names[i] = g.names[state]
	}
	return strings.Join(names, " → ")
}

// done reports whether an order in the state has come to its end.
func (s State) done() bool { return s.Terminal || len(s.Next) == 0 }

// values are what the state column holds for the state of that name.
func (s State) values(name string) []string {
	if len(s.Values) == 0 {
		return []string{name}
	}
	return s.Values
}

func (c *Config) names() []string {
	names := make([]string, len(c.States))
	for i, s := range c.States {
		names[i] = s.Name
	}
	return names
}

func hint(word string, names []string) string {
	if alike := database.Alike(word, names); len(alike) > 0 {
		return "did you mean " + strings.Join(alike, " or ") + "?"
	}
	return "those are: " + strings.Join(names, ", ")
}
