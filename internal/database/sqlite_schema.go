package database

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

func (d *sqlite) describe(ctx context.Context, r *Reading, schema, name string) (*Table, error) {
	if schema != "" && !strings.EqualFold(schema, "main") {
		return nil, nil
	}
	t := &Table{}
	err := r.ask(ctx, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND (name = ? OR lower(name) = lower(?)) ORDER BY name = ? DESC LIMIT 1",
		[]any{name, name, name}, func(rows *sql.Rows) error { return rows.Scan(&t.Name) })
	if err != nil || t.Name == "" {
		return nil, err
	}
	err = r.ask(ctx, `SELECT name, type, "notnull" FROM pragma_table_xinfo(?)`, []any{t.Name}, func(rows *sql.Rows) error {
		var c Column
		var notNull bool
		if err := rows.Scan(&c.Name, &c.Type, &notNull); err != nil {
			return err
		}
		c.Nullable = !notNull
		t.Columns = append(t.Columns, c)
		return nil
	})
	return t, err
}

func (d *sqlite) view(ctx context.Context, r *Reading, t *Table) (bool, error) {
	kinds, err := r.names(ctx, "SELECT type FROM sqlite_master WHERE name = ?", t.Name)
	return slices.Contains(kinds, "view"), err
}

func (d *sqlite) tables(ctx context.Context, r *Reading) ([]string, error) {
	return r.names(ctx, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name LIMIT 300")
}

// names runs a query for one column of text.
func (r *Reading) names(ctx context.Context, query string, args ...any) ([]string, error) {
	var names []string
	err := r.ask(ctx, query, args, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}
