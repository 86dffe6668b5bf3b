package orders

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/span"
)

// orderRows is a table whose rows belong to orders, with the columns that the config
// names: the order table itself, or a history.
type orderRows struct {
	found       *database.Table
	orderID     []database.Column // together they identify an order
	state       database.Column
	at          database.Column // since when the order is in the state
	traceparent *database.Column
	where       []database.Condition
}

// findRows looks up the table or query, and its columns. The caller adds its own columns
// and then asks whether one is missing. names are those of the config; at is the key
// under which the config names the time column.
func findRows(ctx context.Context, r *database.Reading, prefix, table, query, where string, names rowNames) (orderRows, *database.Columns, error) {
	var found *database.Table
	var err error
	if query != "" {
		found, err = r.Query(ctx, "query", query)
	} else {
		found, err = r.Table(ctx, table)
	}
	if err != nil {
		return orderRows{}, nil, err
	}
	columns := database.ColumnsOf(found, prefix)
	rows := orderRows{
		found:       found,
		orderID:     columns.All(names.orderID, "order_id"),
		state:       columns.One(names.state, "state"),
		at:          columns.One(names.at, names.atKey),
		traceparent: columns.Maybe(names.traceparent, "traceparent"),
	}
	if where != "" {
		rows.where = []database.Condition{database.Matches(where)}
	}
	return rows, columns, nil
}

// rowNames are the names of the columns in the config.
type rowNames struct {
	orderID     []string
	state       string
	at, atKey   string // the time column, and the key under which the config names it
	traceparent string
}

// fieldsWith returns the columns to read from a row: those of the order id, those in
// between, and the traceparent last.
func (t *orderRows) fieldsWith(between ...database.Column) []database.Column {
	fields := append(slices.Clone(t.orderID), between...)
	if t.traceparent != nil {
		fields = append(fields, *t.traceparent)
	}
	return fields
}

// trace reads the trace of a row that was read with fieldsWith; n is the number of
// columns in between.
func (t *orderRows) trace(row database.Row, n int) (traceID, spanID string) {
	if t.traceparent == nil {
		return "", ""
	}
	return span.Parent(row.Fields[len(t.orderID)+n])
}
