package orders

import (
	"context"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// table is an order table as its config describes it, found in the database.
type table struct {
	orderRows
	worth *database.Worth // nil without an amount
}

// find looks up the table and its columns. Its error names everything that is missing.
func find(ctx context.Context, r *database.Reading, c *Table) (*table, error) {
	names := rowNames{orderID: c.Columns.OrderID, state: c.Columns.State, at: c.Columns.Since, atKey: "since", traceparent: c.Columns.Traceparent}
	if c.Columns.Updated != "" {
		names.at, names.atKey = c.Columns.Updated, "updated"
	}
	rows, columns, err := findRows(ctx, r, "source.columns.", c.Table, c.Query, c.Where, names)
	if err != nil {
		return nil, err
	}
	worth := collectors.WorthOf(columns, c.Columns.Amount, c.Columns.Currency)
	return &table{rows, worth}, columns.Missing()
}

// in selects the orders whose state column holds one of the values.
func (t *table) in(name string, values []string) database.Selection {
	return database.Selection{
		What: "orders in state " + name, Table: t.found, Since: t.at,
		Where: append([]database.Condition{database.OneOf(t.state, values...)}, t.where...),
	}
}

// fields are the columns that identify an order, in the order that ref expects. A row
// may have further fields after them.
func (t *table) fields() []database.Column { return t.fieldsWith() }

// ref is the order of a row with those fields.
func (t *table) ref(row database.Row) signal.OrderRef {
	ref := signal.OrderRef{ID: database.Shown(t.orderID, row.Fields[:len(t.orderID)]), Since: row.Since}
	ref.TraceID, ref.SpanID = t.trace(row, 0)
	return ref
}
