package database

import (
	"context"
	"database/sql"
	"errors"
	"slices"
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
	// The exact name first, for which MariaDB need not open every table.
	for _, same := range []string{"table_name = ?", "lower(table_name) = lower(?)"} {
		err := d.columns(ctx, r, t, same, name)
		if err != nil || t.Name != "" {
			t.grant = d.grant(t, r.session.user)
			return t, err
		}
	}
	t.Name = name
	err := r.ask(ctx, "SELECT 1 FROM "+d.quote(schema)+"."+d.quote(name)+" LIMIT 0", nil, func(*sql.Rows) error { return nil })
	var e *driver.MySQLError
	if errors.As(err, &e) && e.Number == 1146 {
		r.db.absent[t.String()] = true
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

// columns fills in the first table of that name.
func (d *mysql) columns(ctx context.Context, r *Reading, t *Table, same, name string) error {
	return r.ask(ctx, `SELECT table_name, column_name, column_type, is_nullable, coalesce(character_set_name, ''), coalesce(collation_name, '') FROM information_schema.columns
		WHERE table_schema = ? AND `+same+` ORDER BY table_name, ordinal_position`, []any{t.Schema, name},
		func(rows *sql.Rows) error {
			var table, nullable string
			var c Column
			if err := rows.Scan(&table, &c.Name, &c.Type, &nullable, &c.charset, &c.collation); err != nil {
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
}

func (d *mysql) view(ctx context.Context, r *Reading, t *Table) (bool, error) {
	kinds, err := r.names(ctx, "SELECT table_type FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", t.Schema, t.Name)
	return slices.Contains(kinds, "VIEW"), err
}

func (d *mysql) tables(ctx context.Context, r *Reading) ([]string, error) {
	return r.names(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name LIMIT 300", d.settings.DBName)
}
