package orders

import (
	"context"
	"fmt"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// value adds to a state what its overdue orders are worth. An amount that cannot be read
// costs only the amount.
func (r *reader) value(ctx context.Context, in *database.Reading, t *table, state *signal.State, wait database.Wait, found database.Waiting) []string {
	switch {
	case wait.Worth == nil || !state.Overdue.Known() && !allOf(state):
		return nil
	case found.ValuedErr != nil:
		r.valueSample(ctx, in, t, state, found)
		return []string{"lostorder cannot say how much money is at stake: " + found.ValuedErr.Error()}
	}
	return r.stake(state, found.Valued)
}

// valueSample sets what the orders of the sample are worth, which are read by their keys, where
// reading all amounts takes too long. Without the right to read amounts, there is nothing to try;
// and PostgreSQL answers nothing more in a transaction with an error.
func (r *reader) valueSample(ctx context.Context, in *database.Reading, t *table, state *signal.State, found database.Waiting) {
	for _, remedy := range signal.Remedies(found.ValuedErr) {
		if remedy.Kind == signal.RemedyGrant {
			return
		}
	}
	affected := state.Overdue
	if allOf(state) {
		affected = state.Orders
	}
	var ids []string
	for _, row := range found.Oldest[:min(len(found.Oldest), int(affected))] {
		ids = append(ids, database.Key(row.Fields[:len(t.orderID)]).ID())
	}
	worth, _ := r.amountsOf(ctx, in, t, ids) // the caller reports the first error
	if state.AtStake = stakeOf(ids, worth, false); len(state.AtStake.Amounts) > 0 {
		state.AtStake.Coverage = signal.CoversSample
	}
}

// stake sets what the overdue orders of a state are worth.
func (r *reader) stake(state *signal.State, rows []database.Valued) []string {
	sum, unread, err := r.config.Source.Sum(rows)
	if err != nil {
		return []string{fmt.Sprintf("table %s: %v", r.config.Source.Table, err)}
	}
	of, capped := "overdue orders", state.OverdueCapped
	if allOf(state) {
		of, capped = "orders", state.OrdersCapped
	}
	state.AtStake = signal.Stake{Amounts: sum, Coverage: coverage(capped)}
	if unread > 0 {
		return []string{fmt.Sprintf("%d %s in state %s have no amount that is a number in column %s", unread, of, state.Name, r.config.Source.Columns.Amount)}
	}
	return nil
}

// allOf reports whether all orders in a state are at stake and not only the overdue ones: no
// limit applies to an undeclared state.
func allOf(state *signal.State) bool { return state.Max == 0 && !state.Failed }

func coverage(capped bool) signal.Coverage {
	if capped {
		return signal.CoversCounted
	}
	return signal.CoversAll
}

// worthOf says what one order is worth, by the fields of its columns.
func (r *reader) worthOf(fields []string) string {
	currency := ""
	if len(fields) > 1 {
		currency = fields[1]
	}
	amount, ok := r.config.Source.Amount(fields[0], currency, 1)
	if !ok {
		return ""
	}
	return ", worth " + phrase.Money(amount.Currency, amount.Value)
}
