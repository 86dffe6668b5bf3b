package mysql

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Describe reads information_schema, which shows only what the user may read. A table that
// it does not show is queried itself, to tell a missing right from a missing table.
func (d *server) Describe(ctx context.Context, tx dialect.Tx, schema, name string) (*dialect.Table, error) {
	if schema == "" {
		schema = d.settings.DBName
	}
	t := &dialect.Table{Schema: schema}
	// The exact name first, for which MariaDB need not open every table.
	for _, same := range []string{"table_name = ?", "lower(table_name) = lower(?)"} {
		err := d.columns(ctx, tx, t, same, name)
		if err != nil || t.Name != "" {
			user := tx.User()
			t.ColumnGrant = func(column string) string { return d.Grant(t, user, column) }
			return t, err
		}
	}
	t.Name = name
	err := tx.Ask(ctx, "SELECT 1 FROM "+d.Quote(schema)+"."+d.Quote(name)+" LIMIT 0", nil, func(*sql.Rows) error { return nil })
	var e *driver.MySQLError
	if isNumber(err, noTable) {
		d.absent[t.String()] = true
		return nil, nil
	}
	if errors.As(err, &e) && e.Number == noSelect {
		// Without a right to a table the server does not say whether there is one.
		if others, _ := d.Tables(ctx, tx); len(others) > 0 {
			e.Message += ", or there is no such table: " + dialect.Suggest(name, others, "this user may read")
		}
	}
	return t, err
}

// columns fills in the first table of that name.
func (d *server) columns(ctx context.Context, tx dialect.Tx, t *dialect.Table, same, name string) error {
	return tx.Ask(ctx, `SELECT table_name, column_name, column_type, is_nullable, coalesce(character_set_name, ''), coalesce(collation_name, '') FROM information_schema.columns
		WHERE table_schema = ? AND `+same+` ORDER BY table_name, ordinal_position`, []any{t.Schema, name},
		func(rows *sql.Rows) error {
			var table, nullable string
			var c dialect.Column
			if err := rows.Scan(&table, &c.Name, &c.Type, &nullable, &c.Charset, &c.Collation); err != nil {
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

func (d *server) IsView(ctx context.Context, tx dialect.Tx, t *dialect.Table) (bool, error) {
	kinds, err := tx.Names(ctx, "SELECT table_type FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", t.Schema, t.Name)
	return slices.Contains(kinds, "VIEW"), err
}

func (d *server) Tables(ctx context.Context, tx dialect.Tx) ([]string, error) {
	return tx.Names(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name LIMIT 300", d.settings.DBName)
}
