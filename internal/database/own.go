package database

import (
	"context"
	"database/sql"
	"strings"
)

// Query makes the result of the operator's own query stand for a table; name is
// what messages call it. It is asked for its columns, and for no row.
func (r *Reading) Query(ctx context.Context, name, text string) (*Table, error) {
	t := &Table{Name: name, query: text}
	rows, err := r.tx.QueryContext(ctx, "SELECT * FROM "+tableIn(r.dialect, t)+" LIMIT 0")
	if err != nil {
		r.aborted = r.dialect.name() == postgresName
		return nil, r.fail("ask "+name+" for its columns", nil, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, r.fail("ask "+name+" for its columns", nil, err)
	}
	for _, c := range columns {
		t.Columns = append(t.Columns, Column{Name: c.Name(), Type: typeOf(c), Nullable: true})
	}
	if err := rows.Err(); err != nil {
		return nil, r.fail("ask "+name+" for its columns", nil, err)
	}
	return t, nil
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
