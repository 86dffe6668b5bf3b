package orders

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// table is an order table as its config describes it, found in the database.
type table struct {
	found       *database.Table
	orderID     []database.Column // which tell orders apart together
	state       database.Column
	since       database.Column
	traceparent *database.Column
	where       []database.Condition
}

// find looks up the table and its columns, and says all that is missing at once.
func find(ctx context.Context, r *database.Reading, c *Table) (*table, error) {
	found, err := tableOrQuery(ctx, r, c.Table, c.Query)
	if err != nil {
		return nil, err
	}
	columns := database.ColumnsOf(found, "source.columns.")
	t := table{found: found, orderID: columns.All(c.Columns.OrderID, "order_id"), state: columns.One(c.Columns.State, "state")}
	if c.Columns.Updated != "" {
		t.since = columns.One(c.Columns.Updated, "updated")
	} else {
		t.since = columns.One(c.Columns.Since, "since")
	}
	t.traceparent = columns.Maybe(c.Columns.Traceparent, "traceparent")
	if c.Where != "" {
		t.where = []database.Condition{database.Matches(c.Where)}
	}
	return &t, columns.Missing()
}

// tableOrQuery finds a table, or what stands for one.
func tableOrQuery(ctx context.Context, r *database.Reading, table, query string) (*database.Table, error) {
	if query != "" {
		return r.Query(ctx, "query", query)
	}
	return r.Table(ctx, table)
}

// in selects the orders whose state column holds one of the values.
func (t *table) in(name string, values []string) database.Selection {
	return database.Selection{
		What: "orders in state " + name, Table: t.found, Since: t.since,
		Where: append([]database.Condition{database.OneOf(t.state, values...)}, t.where...),
	}
}

// fields are the columns that name an order, in the order that ref knows; a row may
// have others after them.
func (t *table) fields() []database.Column {
	fields := slices.Clone(t.orderID)
	if t.traceparent != nil {
		fields = append(fields, *t.traceparent)
	}
	return fields
}

// ref is the order of a row with those fields.
func (t *table) ref(row database.Row) signal.OrderRef {
	n := len(t.orderID)
	ref := signal.OrderRef{ID: database.Shown(t.orderID, row.Fields[:n]), Since: row.Since}
	if t.traceparent != nil {
		ref.TraceID, ref.SpanID = database.Trace(row.Fields[n])
	}
	return ref
}
