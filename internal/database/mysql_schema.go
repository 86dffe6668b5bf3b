package database

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	driver "github.com/go-sql-driver/mysql"
)

// describe asks information_schema, which shows only what may be read: a table
// that it does not show is asked itself, to tell a missing right from a missing
// table.
func (d *mysql) describe(ctx context.Context, r *Reading, schema, name string) (*Table, error) {
	if schema == "" {
		schema = d.settings.DBName
	}
	t := &Table{Schema: schema}
	err := r.ask(ctx, `SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns
		WHERE table_schema = ? AND lower(table_name) = lower(?) ORDER BY table_name = ? DESC, table_name, ordinal_position`, []any{schema, name, name},
		func(rows *sql.Rows) error {
			var table, nullable string
			var c Column
			if err := rows.Scan(&table, &c.Name, &c.Type, &nullable); err != nil {
				return err
			}
			if t.Name == "" {
				t.Name = table
			}
			if table == t.Name {
				c.Type = strings.ToLower(c.Type)
				c.Nullable = nullable == "YES"
				t.Columns = append(t.Columns, c)
			}
			return nil
		})
	if err != nil || t.Name != "" {
		return t, err
	}
	t.Name = name
	err = r.ask(ctx, "SELECT 1 FROM "+d.quote(schema)+"."+d.quote(name)+" LIMIT 0", nil, func(*sql.Rows) error { return nil })
	var e *driver.MySQLError
	if errors.As(err, &e) && e.Number == 1146 {
		return nil, nil
	}
	if errors.As(err, &e) && e.Number == 1142 {
		// Without a right to a table the server does not say whether there is one.
		if others, _ := d.tables(ctx, r); len(others) > 0 {
			e.Message += ", or there is no such table: " + suggest(name, others, "this user may read")
		}
	}
	return t, err
}

func (d *mysql) tables(ctx context.Context, r *Reading) ([]string, error) {
	return r.names(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name LIMIT 300", d.settings.DBName)
}
