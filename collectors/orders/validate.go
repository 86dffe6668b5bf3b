package orders

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
)

// Validate checks that the states make a lifecycle.
func (c *Config) Validate() error {
	errs := c.states()
	if len(errs) == 0 { // what follows from a state that is misspelt is no mistake of its own
		errs = append(c.ends(), c.unreached()...)
	}
	if wrong := database.CheckPredicate(c.Source.Where); wrong != "" {
		errs = append(errs, config.At("source.where", "%s", wrong))
	}
	return errors.Join(errs...)
}

// states checks each state on its own, and that no value stands for two.
func (c *Config) states() []error {
	var errs []error
	names := make([]string, len(c.States))
	for i, s := range c.States {
		names[i] = s.Name
	}
	owner := map[string]string{}
	for _, s := range c.States {
		at := "states." + s.Name
		seen := map[string]bool{}
		for i, next := range s.Value.Next {
			path := fmt.Sprintf("%s.next[%d]", at, i)
			switch _, exists := c.States.Get(next); {
			case !exists:
				errs = append(errs, config.At(path, "%q is no state of this lifecycle; %s", next, hint(next, names)))
			case next == s.Name:
				errs = append(errs, config.At(path, "a state does not lead to itself; take it out"))
			case seen[next]:
				errs = append(errs, config.At(path, "%q is there twice", next))
			}
			seen[next] = true
		}
		if s.Value.done() && s.Value.Max != 0 {
			errs = append(errs, config.At(at+".max", "the state is terminal, so an order stays in it for ever; give it next, or take max out"))
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

// ends checks that orders can be done.
func (c *Config) ends() []error {
	for _, s := range c.States {
		if s.Value.done() {
			return nil
		}
	}
	return []error{config.At("states", "no state is terminal, so no order is ever done; leave out next, or write terminal: true, where it is")}
}

// unreached checks that each state can be come to.
func (c *Config) unreached() []error {
	reached := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if reached[name] {
			return
		}
		reached[name] = true
		s, _ := c.States.Get(name)
		for _, next := range s.Next {
			visit(next)
		}
	}
	for i, s := range c.States {
		if i == 0 || s.Value.Initial {
			visit(s.Name)
		}
	}
	var errs []error
	for _, s := range c.States {
		if !reached[s.Name] {
			errs = append(errs, config.At("states."+s.Name, "no order can come here from %s; name it in the next of another state, or write initial: true", c.States[0].Name))
		}
	}
	return errs
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

func hint(word string, names []string) string {
	if alike := database.Alike(word, names); len(alike) > 0 {
		return "did you mean " + strings.Join(alike, " or ") + "?"
	}
	return "those are: " + strings.Join(names, ", ")
}
