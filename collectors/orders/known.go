package orders

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// findKnown adds the acknowledged orders that are in a state, and not among those with the
// longest dwell, to its sample. They are looked up by their id.
func (r *reader) findKnown(ctx context.Context, in *database.Reading, t *table, states []*signal.State, waits []database.Wait) (warnings []string) {
	if len(r.known) == 0 || len(t.orderID) != 1 || dialect.IsBinary(t.orderID[0]) || r.config.Source.Columns.Updated != "" {
		return nil
	}
	ids := slices.DeleteFunc(slices.Clone(r.known), func(id string) bool { return !in.CanHold(t.orderID[0], id) })
	if len(ids) == 0 {
		return nil
	}
	for i, state := range states {
		if int(state.Orders) <= len(state.Sample) {
			continue // all of them are named
		}
		s := waits[i].Selection
		s.What = "acknowledged " + s.What
		s.Where = append(slices.Clone(s.Where), database.OneOf(t.orderID[0], ids...))
		rows, err := in.Oldest(ctx, s, len(ids), waits[i].Fields...)
		if err != nil {
			warnings = append(warnings, "lostorder cannot look up acknowledged orders, so that some may count: "+err.Error())
			continue
		}
		for _, row := range rows {
			ref := t.ref(row)
			if !slices.ContainsFunc(state.Sample, func(other signal.OrderRef) bool { return other.ID == ref.ID }) {
				state.Sample = append(state.Sample, ref)
			}
		}
	}
	return warnings
}
