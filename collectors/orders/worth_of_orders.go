package orders

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	maxValued  = 1000 // orders whose amounts one reading reads by their keys
	valuedRows = 50   // of them in one query
)

// valueOrders adds what the orders with a conflict and the duplicates are worth. They are
// read by their keys. Amounts that cannot be read cost only the amounts.
func (r *reader) valueOrders(ctx context.Context, in *database.Reading, t *table, l *signal.Lifecycle) []string {
	if t.worth == nil {
		return nil
	}
	var conflicts, duplicates []string
	if l.History != nil {
		conflicts = r.history.conflicts.checkedNow()
	}
	if l.Duplicates != nil {
		duplicates, r.duplicates.extra = r.duplicates.extra, nil
	}
	worth, err := r.amountsOf(ctx, in, t, append(slices.Clone(conflicts), duplicates[:min(len(duplicates), maxValued)]...))
	if l.History != nil {
		r.history.conflicts.value(worth)
		l.History.Conflicts, l.History.ConflictsCapped = r.history.conflicts.signal()
	}
	if len(duplicates) > 0 {
		l.Duplicates.AtStake = stakeOf(duplicates, worth, l.Duplicates.Capped || len(duplicates) > maxValued || err != nil)
	}
	if err != nil {
		return []string{"lostorder cannot say how much money is at stake: " + err.Error()}
	}
	return nil
}

// amountsOf reads what orders are worth, by the IDs of their keys. An order without an amount
// that is a number is missing.
func (r *reader) amountsOf(ctx context.Context, in *database.Reading, t *table, ids []string) (map[string]signal.Amount, error) {
	slices.Sort(ids)
	worth := make(map[string]signal.Amount, len(ids))
	for some := range slices.Chunk(slices.Compact(ids), valuedRows) {
		s := database.Selection{What: "the amounts of orders", Table: t.found, Since: t.at, Where: []database.Condition{database.OneOfKeys(t.orderID, some...)}}
		rows, err := in.Rows(ctx, s, valuedRows, append(slices.Clone(t.orderID), t.worth.Columns()...)...)
		if err != nil {
			return worth, err
		}
		for _, row := range rows {
			key, fields := row.Fields[:len(t.orderID)], append(row.Fields[len(t.orderID):], "")
			if amount, ok := r.config.Source.Amount(fields[0], fields[1], 1); ok {
				worth[database.Key(key).ID()] = amount
			}
		}
	}
	return worth, nil
}

func stakeOf(ids []string, worth map[string]signal.Amount, capped bool) (s signal.Stake) {
	for _, id := range ids {
		if amount, known := worth[id]; known {
			s.Amounts = s.Amounts.Plus(amount)
		}
	}
	if len(s.Amounts) > 0 {
		s.Coverage = coverage(capped)
	}
	return s
}

// checkedNow are the keys of the orders with a conflict that this reading has checked.
func (c *conflictTracker) checkedNow() (ids []string) {
	for id, one := range c.known {
		if one.checked == c.reading && !c.recalled[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// value notes what orders with a conflict are worth. What was read before stays.
func (c *conflictTracker) value(worth map[string]signal.Amount) {
	for id, amount := range worth {
		if one := c.known[id]; one != nil {
			one.conflict.Worth = amount
		}
	}
}
