package orders

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/lostorder/lostorder/internal/database"
)

// mostValues is how many values of a state column are looked at: a column with
// more holds no states.
const mostValues = 200

// mostUnnamed is how many values that no state names are reported.
const mostUnnamed = 10

// unnamed lists the values in the state column that the lifecycle does not name.
// It is a question about the config more than about orders, so that one without
// an answer is a warning and leaves the reading whole.
func (r *reader) unnamed(ctx context.Context, in *database.Reading, t *table) (unnamed, warnings []string) {
	values, err := in.Distinct(ctx, "states", t.found, t.state, mostValues, t.since)
	if err != nil {
		return nil, []string{"states that the lifecycle does not name were not looked for: " + err.Error()}
	}
	if len(values) == mostValues {
		return nil, []string{fmt.Sprintf("column %s of table %s has %d values or more: is it a column of states?", t.state.Name, t.found, mostValues)}
	}
	slices.Sort(values)
	for _, value := range values {
		if r.stateOf(in, t.state, value) != noState || len(unnamed) == mostUnnamed {
			continue
		}
		if len(t.where) > 0 {
			s := t.in(strconv.Quote(value), []string{value})
			if n, err := in.Count(ctx, s, 1); err != nil || n.Count == 0 {
				continue
			}
		}
		unnamed = append(unnamed, value)
		warnings = append(warnings, fmt.Sprintf("state %q (at least one order in table %s) is named by no state of lifecycle %s; add it, or add it to the values of another state", value, t.found, r.config.Name))
	}
	if t.state.Nullable {
		s := database.Selection{What: "orders without a state", Table: t.found, Since: t.since, Where: append([]database.Condition{database.IsNull(t.state)}, t.where...)}
		if n, err := in.Count(ctx, s, 1); err == nil && n.Count > 0 {
			warnings = append(warnings, fmt.Sprintf("at least one order in table %s has no state: its %s is NULL", t.found, t.state.Name))
		}
	}
	return unnamed, warnings
}
