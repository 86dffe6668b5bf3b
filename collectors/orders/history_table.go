package orders

import (
	"context"
	"slices"
	"strconv"

	"github.com/lostorder/lostorder/internal/database"
)

// historyTable is a history table as its config describes it, found in the database.
type historyTable struct {
	orderRows
	key []database.Column
}

// findHistory looks up the table and its columns. Its error names everything that is
// missing.
func findHistory(ctx context.Context, r *database.Reading, c *History) (*historyTable, error) {
	rows, columns, err := findRows(ctx, r, "history.columns.", c.Table, c.Query, c.Where, rowNames{
		orderID: c.Columns.OrderID, state: c.Columns.State, at: c.Columns.At, atKey: "at", traceparent: c.Columns.Traceparent,
	})
	if err != nil {
		return nil, err
	}
	t := historyTable{orderRows: rows, key: columns.All(c.Columns.Key, "key")}
	return &t, columns.Missing()
}

// all selects every transition.
func (t *historyTable) all() database.Selection {
	return database.Selection{What: "transitions", Table: t.found, Where: t.where, Since: t.at, Tie: t.key}
}

// of selects the transitions of some orders, by the IDs of their keys.
func (t *historyTable) of(ids []string) database.Selection {
	return database.Selection{
		What: "transitions of an order", Table: t.found, Since: t.at, Tie: t.key,
		Where: append([]database.Condition{database.OneOfKeys(t.orderID, ids...)}, t.where...),
	}
}

// fields are the columns of a transition, in the order that step expects.
func (t *historyTable) fields() []database.Column {
	return t.fieldsWith(t.state, t.key[len(t.key)-1])
}

// step returns the order of a row, by the ID of its key, and its step. id is empty for a
// row without an order or a time. Rows with the same time are ordered by the last column
// of their key, if that is a number.
func (t *historyTable) step(in *database.Reading, row database.Row, stateOf func(*database.Reading, database.Column, string) int) (id string, s step) {
	n := len(t.orderID)
	order := row.Fields[:n]
	if !row.Since.Known() || slices.Contains(order, "") {
		return "", step{}
	}
	s = step{state: stateOf(in, t.state, row.Fields[n]), at: row.Since}
	if key, err := strconv.ParseInt(row.Fields[n+1], 10, 64); err == nil {
		s.key = number{key, true}
	}
	s.trace, s.span = t.trace(row, 2)
	return database.Key(order).ID(), s
}

// fold returns one ID for all whose keys the database takes for equal.
func (t *historyTable) fold(in *database.Reading, id string) string {
	key := database.KeyOf(id, len(t.orderID))
	for i := range key {
		key[i] = in.Fold(t.orderID[i], key[i])
	}
	return key.ID()
}

// shown writes the order of an ID as people write it.
func (t *historyTable) shown(id string) string {
	return database.Shown(t.orderID, database.KeyOf(id, len(t.orderID)))
}
