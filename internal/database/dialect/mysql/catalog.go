package mysql

import (
	"context"
	"database/sql"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Survey reads information_schema, which shows only what the user may read.
func (d *server) Survey(ctx context.Context, tx dialect.Tx, limit int) ([]*dialect.Described, error) {
	var all []*dialect.Described
	byName := map[string]*dialect.Described{}
	err := tx.Ask(ctx, "SELECT table_name, table_type, coalesce(table_rows, 0) FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name LIMIT ?",
		[]any{d.settings.DBName, limit}, func(rows *sql.Rows) error {
			t := &dialect.Described{Visible: true}
			var kind string
			err := rows.Scan(&t.Name, &kind, &t.Rows)
			t.Schema, t.View = d.settings.DBName, strings.Contains(kind, "VIEW")
			all, byName[t.Name] = append(all, t), t
			return err
		})
	if err != nil {
		return nil, err
	}
	err = tx.Ask(ctx, `SELECT table_name, column_name, column_type, is_nullable, coalesce(character_set_name, ''), coalesce(collation_name, ''), privileges
		FROM information_schema.columns WHERE table_schema = ? ORDER BY table_name, ordinal_position`, []any{d.settings.DBName}, func(rows *sql.Rows) error {
		var table, nullable, rights string
		var c dialect.Column
		if err := rows.Scan(&table, &c.Name, &c.Type, &nullable, &c.Charset, &c.Collation, &rights); err != nil {
			return err
		}
		t := byName[table]
		switch {
		case t == nil:
		case !strings.Contains(rights, "select"):
			t.Hidden = append(t.Hidden, c.Name)
		default:
			c.Type, c.Nullable = strings.ToLower(c.Type), nullable == "YES"
			t.Columns = append(t.Columns, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		t.Denied = len(t.Columns) == 0
	}
	if err := d.keys(ctx, tx, byName); err != nil {
		return nil, err
	}
	return all, d.foreignKeys(ctx, tx, byName)
}

func (d *server) keys(ctx context.Context, tx dialect.Tx, byName map[string]*dialect.Described) error {
	var table, index string
	var unique bool
	var columns []string
	add := func() {
		if t := byName[table]; t != nil && len(columns) > 0 {
			t.AddIndex(columns, index == "PRIMARY", unique)
		}
	}
	err := tx.Ask(ctx, `SELECT table_name, index_name, non_unique, coalesce(column_name, '') FROM information_schema.statistics
		WHERE table_schema = ? AND index_type = 'BTREE' ORDER BY table_name, index_name, seq_in_index`, []any{d.settings.DBName}, func(rows *sql.Rows) error {
		var t, x, column string
		var several bool
		if err := rows.Scan(&t, &x, &several, &column); err != nil {
			return err
		}
		if t != table || x != index {
			add()
			table, index, unique, columns = t, x, !several, nil
		}
		columns = append(columns, column)
		return nil
	})
	add()
	return err
}

func (d *server) foreignKeys(ctx context.Context, tx dialect.Tx, byName map[string]*dialect.Described) error {
	var last string
	return tx.Ask(ctx, `SELECT table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name FROM information_schema.key_column_usage
		WHERE table_schema = ? AND referenced_table_name IS NOT NULL ORDER BY table_name, constraint_name, ordinal_position`, []any{d.settings.DBName}, func(rows *sql.Rows) error {
		var table, name, column, other string
		var key dialect.ForeignKey
		if err := rows.Scan(&table, &name, &column, &key.Schema, &key.To, &other); err != nil {
			return err
		}
		t := byName[table]
		if t == nil {
			return nil
		}
		if id := table + "\x1f" + name; id != last {
			last, t.Foreign = id, append(t.Foreign, key)
		}
		k := &t.Foreign[len(t.Foreign)-1]
		k.Columns, k.ToColumns = append(k.Columns, column), append(k.ToColumns, other)
		return nil
	})
}
