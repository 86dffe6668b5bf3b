package sqlite

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func (d *file) Describe(ctx context.Context, tx dialect.Tx, schema, name string) (*dialect.Table, error) {
	if schema != "" && !strings.EqualFold(schema, "main") {
		return nil, nil
	}
	t := &dialect.Table{}
	err := tx.Ask(ctx, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND (name = ? OR lower(name) = lower(?)) ORDER BY name = ? DESC LIMIT 1",
		[]any{name, name, name}, func(rows *sql.Rows) error { return rows.Scan(&t.Name) })
	if err != nil || t.Name == "" {
		return nil, err
	}
	var text string
	if err = tx.Ask(ctx, "SELECT coalesce(sql, '') FROM sqlite_master WHERE type = 'table' AND name = ?", []any{t.Name}, func(rows *sql.Rows) error { return rows.Scan(&text) }); err != nil {
		return nil, err
	}
	err = tx.Ask(ctx, `SELECT name, type, "notnull" FROM pragma_table_xinfo(?)`, []any{t.Name}, func(rows *sql.Rows) error {
		var c dialect.Column
		var notNull bool
		if err := rows.Scan(&c.Name, &c.Type, &notNull); err != nil {
			return err
		}
		c.Nullable, c.Collation = !notNull, collationOf(text, c.Name)
		t.Columns = append(t.Columns, c)
		return nil
	})
	return t, err
}

// collationOf returns the collation of a column in the statement that created its table, in
// capitals; empty if it has none. No pragma shows it.
func collationOf(create, column string) string {
	if !strings.Contains(strings.ToUpper(create), "COLLATE") {
		return ""
	}
	name := regexp.QuoteMeta(column)
	definition, err := regexp.Compile(`(?is)[(,]\s*(?:"` + name + `"|\[` + name + `\]|` + "`" + name + "`" + `|` + name + `)\s(?:[^,()]|\([^()]*\))*?\bCOLLATE\s+["\[` + "`" + `]?(\w+)`)
	if err != nil {
		return ""
	}
	if found := definition.FindStringSubmatch(create); found != nil {
		return strings.ToUpper(found[1])
	}
	return ""
}

func (d *file) IsView(ctx context.Context, tx dialect.Tx, t *dialect.Table) (bool, error) {
	kinds, err := tx.Names(ctx, "SELECT type FROM sqlite_master WHERE name = ?", t.Name)
	return slices.Contains(kinds, "view"), err
}

func (d *file) Tables(ctx context.Context, tx dialect.Tx) ([]string, error) {
	return tx.Names(ctx, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name LIMIT 300")
}
