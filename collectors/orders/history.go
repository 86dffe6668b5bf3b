package orders

import (
	"context"
	"slices"
	"strconv"

	"github.com/lostorder/lostorder/internal/database"
)

// historyTable is a history table as its config describes it, found in the
// database.
type historyTable struct {
	found       *database.Table
	key         []database.Column
	orderID     []database.Column
	state       database.Column
	at          database.Column
	traceparent *database.Column
	where       []database.Condition
}

// findHistory looks up the table and its columns, and says all that is missing at
// once.
func findHistory(ctx context.Context, r *database.Reading, c *History) (*historyTable, error) {
	found, err := tableOrQuery(ctx, r, c.Table, c.Query)
	if err != nil {
		return nil, err
	}
	columns := database.ColumnsOf(found, "history.columns.")
	t := historyTable{
		found:       found,
		key:         columns.All(c.Columns.Key, "key"),
		orderID:     columns.All(c.Columns.OrderID, "order_id"),
		state:       columns.One(c.Columns.State, "state"),
		at:          columns.One(c.Columns.At, "at"),
		traceparent: columns.Maybe(c.Columns.Traceparent, "traceparent"),
	}
	if c.Where != "" {
		t.where = []database.Condition{database.Matches(c.Where)}
	}
	return &t, columns.Missing()
}

// all selects every move.
func (t *historyTable) all() database.Selection {
	return database.Selection{What: "moves", Table: t.found, Where: t.where, Since: t.at, Tie: t.key}
}

// of selects the moves of some orders, by the IDs of their keys.
func (t *historyTable) of(ids []string) database.Selection {
	return database.Selection{
		What: "moves of an order", Table: t.found, Since: t.at, Tie: t.key,
		Where: append([]database.Condition{database.OneOfKeys(t.orderID, ids...)}, t.where...),
	}
}

// fields are the columns of a move, in the order that step knows.
func (t *historyTable) fields() []database.Column {
	fields := append(slices.Clone(t.orderID), t.state, t.key[len(t.key)-1])
	if t.traceparent != nil {
		fields = append(fields, *t.traceparent)
	}
	return fields
}

// step is the order, by the ID of its key, and the step that a row tells; a row
// without an order or without a moment tells none. Rows of the same moment are in the
// order of the last column of their key, where it is a number.
func (t *historyTable) step(in *database.Reading, row database.Row, stateOf func(*database.Reading, database.Column, string) int) (id string, s step) {
	n := len(t.orderID)
	order, rest := row.Fields[:n], row.Fields[n:]
	if !row.Since.Known() || slices.Contains(order, "") {
		return "", step{}
	}
	s = step{state: stateOf(in, t.state, rest[0]), at: row.Since}
	if key, err := strconv.ParseInt(rest[1], 10, 64); err == nil {
		s.key = number{key, true}
	}
	if t.traceparent != nil {
		s.trace, s.span = database.Trace(rest[2])
	}
	return database.Key(order).ID(), s
}

// shown is the order of an ID as people know it.
func (t *historyTable) shown(id string) string {
	return database.Shown(t.orderID, database.KeyOf(id, len(t.orderID)))
}
