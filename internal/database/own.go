package database

import (
	"context"
	"database/sql"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Query makes the result of the operator's own query stand for a table; name is
// what messages call it. It is asked for its columns, and for no row.
func (r *Reading) Query(ctx context.Context, name, text string) (*Table, error) {
	t := &Table{Name: name, Query: text, Unseen: r.unseen}
	if r.unseen {
		return t, nil
	}
	if err := r.harmless(ctx, "ask "+name+" for its columns", text); err != nil {
		return nil, err
	}
	columns, err := r.columns(ctx, "SELECT * FROM "+r.From(t)+" LIMIT 0")
	if err != nil {
		r.aborted = r.dialect.Traits().ErrorsAbort
		return nil, r.fail("ask "+name+" for its columns", nil, err)
	}
	t.Columns = columns
	return t, nil
}

// columns are those of the result of a query.
func (r *Reading) columns(ctx context.Context, text string) ([]Column, error) {
	queryCtx, cancel := context.WithTimeout(ctx, r.db.config.statementTimeout())
	defer cancel()
	rows, err := r.tx.QueryContext(queryCtx, text)
	if err != nil {
		return nil, dialect.TimedOut(ctx, queryCtx, err)
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var columns []Column
	for _, c := range types {
		columns = append(columns, Column{Name: c.Name(), Type: typeOf(c), Nullable: true})
	}
	return columns, dialect.TimedOut(ctx, queryCtx, rows.Err())
}

// typeOf is the type of a column in the words of a table's description.
func typeOf(c *sql.ColumnType) string {
	name := strings.TrimPrefix(strings.ToLower(c.DatabaseTypeName()), "unsigned ")
	if full, ok := map[string]string{
		"timestamptz": "timestamp with time zone", "int8": "bigint", "int4": "integer", "int2": "integer",
		"float8": "double precision", "float4": "real",
	}[name]; ok {
		return full
	}
	return name
}
