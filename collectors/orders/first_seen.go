package orders

import (
	"cmp"
	"context"
	"slices"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// firstSeen remembers, for a table that shows only when a row was last changed, when
// each order was first seen in its state. It forgets an order that is no longer among
// the rows read. An order that comes back, because it changed while more orders are in
// the state than are read, looks younger than it is, never older.
type firstSeen map[string]map[string]signal.Instant

// observe takes the orders that are in a state now. It returns them sorted by when they
// were first seen there.
func (f *firstSeen) observe(state string, rows []database.Row, t *table, now signal.Instant) []signal.OrderRef {
	before := (*f)[state]
	seen := make(map[string]signal.Instant, len(rows))
	refs := make([]signal.OrderRef, 0, len(rows))
	for _, row := range rows {
		ref := t.ref(row)
		ref.Since = cmp.Or(ref.Since, now)
		if first, known := before[ref.ID]; known {
			ref.Since = min(first, ref.Since)
		}
		seen[ref.ID] = ref.Since
		refs = append(refs, ref)
	}
	if *f == nil {
		*f = firstSeen{}
	}
	(*f)[state] = seen
	slices.SortStableFunc(refs, func(a, b signal.OrderRef) int { return cmp.Compare(a.Since, b.Since) })
	return refs
}

// readByFirstSeen reads one state of a table that shows only when a row was last changed.
func (r *reader) readByFirstSeen(ctx context.Context, in *database.Reading, wait database.Wait, t *table, seen *firstSeen, state *signal.State) ([]string, error) {
	s := wait.Selection
	rows, err := in.Oldest(ctx, s, r.config.Cap+1, append(t.fields(), wait.Worth.Columns()...)...)
	if err != nil {
		return nil, err
	}
	capped := len(rows) > r.config.Cap
	refs := seen.observe(state.Name, rows[:min(len(rows), r.config.Cap)], t, in.Now())
	state.Orders, state.OrdersCapped = signal.Count(len(refs)), capped
	state.Overdue, state.OverdueCapped = 0, capped
	lag, dated := in.Clock().ExcessLag()
	worth := t.valuedByID(rows, wait.Worth)
	var valued []database.Valued
	for _, ref := range refs {
		if state.Failed || state.Max > 0 && in.Now().Sub(ref.Since)-lag > state.Max {
			state.Overdue++
		} else if !allOf(state) {
			continue
		}
		valued = append(valued, worth[ref.ID])
	}
	if !dated && state.Max > 0 && !state.Failed {
		state.Overdue, state.OverdueCapped = signal.Unknown, false
	}
	if len(refs) > 0 {
		state.Oldest = signal.Age{Since: refs[0].Since, Bound: signal.AtLeast}
		state.Sample = refs[:min(len(refs), r.config.Sample+len(r.known))]
	}
	var undated []string
	if wait.Worth != nil && len(valued) > 0 {
		undated = r.stake(state, valued)
	}
	if s.Since.Nullable {
		s = s.Undated()
		n, err := in.Count(ctx, s, r.config.Cap)
		if err != nil {
			return nil, err
		}
		if n.Count > 0 {
			undated = append(undated, (&database.Tally{Undated: n}).Warnings(s)...)
			state.Orders = min(state.Orders+n.Count, signal.Count(r.config.Cap))
		}
	}
	return undated, nil
}

// valuedByID is what rows are worth that were read with their amounts, by the id of the order.
func (t *table) valuedByID(rows []database.Row, worth *database.Worth) map[string]database.Valued {
	columns := worth.Columns()
	if len(columns) == 0 {
		return nil
	}
	all := make(map[string]database.Valued, len(rows))
	for _, row := range rows {
		fields := row.Fields[len(row.Fields)-len(columns):]
		one := database.Valued{Amount: fields[0], Rows: 1}
		if len(columns) > 1 {
			one.Currency = fields[1]
		}
		all[t.ref(row).ID] = one
	}
	return all
}
