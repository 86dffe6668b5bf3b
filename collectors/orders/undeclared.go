package orders

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// maxValues is how many values of a state column are read. A column with more
	// values does not hold states.
	maxValues = 200
	// maxUndeclared is how many undeclared values are reported.
	maxUndeclared = 10
)

// undeclared reads the orders whose state the lifecycle does not declare. If they cannot
// be read, the reading has a warning and stays complete.
func (r *reader) undeclared(ctx context.Context, in *database.Reading, t *table, l *signal.Lifecycle) (warnings []string) {
	values, listed, warnings := r.undeclaredValues(ctx, in, t)
	l.UndeclaredStates, l.UndeclaredListed = values, listed
	states := make([]signal.State, len(values))
	read := make([]*signal.State, len(values))
	waits := make([]database.Wait, len(values))
	for i, value := range values {
		states[i] = signal.State{Name: value, Orders: signal.Unknown, Overdue: signal.Unknown}
		read[i], waits[i] = &states[i], r.wait(t, strconv.Quote(value), []string{value}, 0)
		waits[i].Worth = t.worth
	}
	more, errs := r.readStates(ctx, in, t, &r.undeclaredSeen, read, waits)
	warnings = append(warnings, more...)
	for i, err := range errs {
		if err != nil {
			warnings = append(warnings, "lostorder cannot name the orders in undeclared states: "+err.Error())
		}
		if states[i].Orders.Known() {
			l.Undeclared = append(l.Undeclared, states[i])
		}
	}
	return warnings
}

// undeclaredValues lists the values of the state column that the lifecycle does not
// declare. listed says that these are all of them.
func (r *reader) undeclaredValues(ctx context.Context, in *database.Reading, t *table) (undeclaredValues []string, listed bool, warnings []string) {
	values, err := in.Distinct(ctx, "states", t.found, t.state, maxValues, t.at)
	if err != nil {
		return nil, false, []string{"lostorder cannot list undeclared states: " + err.Error()}
	}
	if len(values) == maxValues {
		return nil, false, []string{fmt.Sprintf("column %s of table %s has %d values or more: does it hold states?", t.state.Name, t.found, maxValues)}
	}
	slices.Sort(values)
	listed = true
	for _, value := range values {
		if r.stateOf(in, t.state, value) != undeclared {
			continue
		}
		if len(undeclaredValues) == maxUndeclared {
			listed = false
			continue
		}
		if len(t.where) > 0 {
			s := t.in(strconv.Quote(value), []string{value})
			n, err := in.Count(ctx, s, 1)
			listed = listed && err == nil
			if err != nil || n.Count == 0 {
				continue
			}
		}
		undeclaredValues = append(undeclaredValues, value)
		warnings = append(warnings, fmt.Sprintf("lifecycle %s does not declare state %q, which at least one order in table %s has; add the state, or add the value to another state", r.config.Name, value, t.found))
	}
	if t.state.Nullable {
		s := database.Selection{What: "orders without a state", Table: t.found, Since: t.at, Where: append([]database.Condition{database.IsNull(t.state)}, t.where...)}
		if n, err := in.Count(ctx, s, 1); err == nil && n.Count > 0 {
			warnings = append(warnings, fmt.Sprintf("at least one order in table %s has no state: its %s is NULL", t.found, t.state.Name))
		}
	}
	return undeclaredValues, listed, warnings
}
