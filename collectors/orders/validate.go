package orders

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Validate checks the states and that they form a lifecycle.
func (c *Config) Validate() error {
	errs := c.stateErrors()
	if len(errs) == 0 { // a misspelt state would cause further errors
		errs = c.graphErrors()
	}
	where := map[string]string{"source.where": c.Source.Where}
	errs = append(errs, tableOr("source", c.Source.Table, c.Source.Query)...)
	errs = append(errs, c.Source.Errors("source", c.Source.Columns.Amount, c.Source.Columns.Currency)...)
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
		errs = append(errs, config.At("source.columns.updated", "given together with since; keep only since if it holds when the order entered its state"))
	}
	if c.Histogram != nil && c.Source.Columns.Updated != "" {
		errs = append(errs, config.At("histogram", "needs a column that holds when the order entered its state, and source.columns.updated is not one; remove histogram"))
	}
	ids := len(c.Source.Columns.OrderID)
	if ids == 0 {
		errs = append(errs, config.At("source.columns.order_id", "an empty list; name the column that identifies an order, or remove the key, which means id"))
	}
	if c.History != nil {
		errs = append(errs, c.History.keys(ids)...)
	}
	if d := c.Duplicates; d != nil {
		errs = append(errs, c.named("duplicates.except", d.Except)...)
	}
	return errors.Join(errs...)
}

// keys checks the columns that identify a row and an order. ids is the number of columns
// of an order id in the source.
func (h *History) keys(ids int) (errs []error) {
	if len(h.Columns.Key) == 0 {
		errs = append(errs, config.At("history.columns.key", "an empty list; name the column that identifies a row, or remove the key, which means id"))
	}
	if n := len(h.Columns.OrderID); n != ids {
		errs = append(errs, config.At("history.columns.order_id", "has %d columns, and source.columns.order_id has %d; name the same columns in the same order", n, ids))
	}
	return errs
}

// tableOr checks that either a table or a query is given.
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

// defaultSince is the column since if none is given.
const defaultSince = "updated_at"

// stateErrors checks each state by itself, and that no value stands for two states.
func (c *Config) stateErrors() []error {
	var errs []error
	if len(c.States) > maxStates {
		errs = append(errs, config.At("states", "there are %d; a lifecycle has at most %d", len(c.States), maxStates))
	}
	owner := map[string]string{}
	for _, s := range c.States {
		at := "states." + s.Name
		for key, names := range map[string][]string{"next": s.Value.Next, "excludes": s.Value.Excludes, "compensates": s.Value.Compensates} {
			errs = append(errs, c.named(at+"."+key, names)...)
			if i := slices.Index(names, s.Name); i >= 0 {
				errs = append(errs, config.At(fmt.Sprintf("%s.%s[%d]", at, key, i), "%s; remove it", selfReference[key]))
			}
		}
		switch v := s.Value; {
		case v.Failed && c.Kind != "saga":
			errs = append(errs, config.At(at+".failed", "is allowed only in a saga; write kind: saga, or remove it"))
		case len(v.Compensates) > 0 && c.Kind != "saga":
			errs = append(errs, config.At(at+".compensates", "is allowed only in a saga; write kind: saga, or remove it"))
		case v.Failed && v.Max != 0:
			errs = append(errs, config.At(at+".max", "a failed state has no max: each saga in it needs attention; remove max"))
		case v.done() && !v.Failed && v.Max != 0:
			errs = append(errs, config.At(at+".max", "a terminal state has no max: an order never leaves it; add next, or remove max"))
		case v.Abandoned && !v.done():
			errs = append(errs, config.At(at+".abandoned", "is allowed only in a terminal state; write terminal: true, or remove abandoned"))
		case v.Severity != "" && v.Max == 0 && !v.Failed:
			errs = append(errs, config.At(at+".severity", "no finding is about this state, because no order is overdue in it; add max, or remove severity"))
		case c.Kind == "saga" && !v.done() && !v.Failed && v.Max == 0:
			errs = append(errs, config.At(at, "a step of a saga needs max: without it a stuck saga is never found"))
		}
		for i, v := range s.Value.values(s.Name) {
			path := at
			if len(s.Value.Values) > 0 {
				path = fmt.Sprintf("%s.values[%d]", at, i)
			}
			if other, taken := owner[v]; taken {
				errs = append(errs, config.At(path, "the value %q already stands for state %s", v, other))
			}
			owner[v] = s.Name
		}
	}
	return errs
}

// selfReference are the errors about a state that names itself.
var selfReference = map[string]string{
	"next":        "a state cannot follow itself",
	"excludes":    "a state cannot exclude itself",
	"compensates": "a step cannot undo itself",
}

// named checks that each name is the name of a state, and given once.
func (c *Config) named(path string, given []string) []error {
	var errs []error
	for i, name := range given {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch _, exists := c.States.Get(name); {
		case !exists:
			errs = append(errs, config.At(at, "%q is not a state of this lifecycle; %s", name, hint(name, c.names())))
		case slices.Index(given, name) < i:
			errs = append(errs, config.At(at, "%q is given twice", name))
		}
	}
	return errs
}

// done reports whether the state is terminal.
func (s State) done() bool { return s.Terminal || len(s.Next) == 0 }

// values are the values of the state column that stand for the state of that name.
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
	if alike := dialect.Alike(word, names); len(alike) > 0 {
		return "did you mean " + strings.Join(alike, " or ") + "?"
	}
	return "the states are " + strings.Join(names, ", ")
}
