package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Survey reads the schema of the file. It counts the rows of a table no further than one
// beyond the scan limit.
func (d *file) Survey(ctx context.Context, tx dialect.Tx, limit int) ([]*dialect.Described, error) {
	var all []*dialect.Described
	err := tx.Ask(ctx, "SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT ?", []any{limit},
		func(rows *sql.Rows) error {
			t := &dialect.Described{Visible: true}
			all = append(all, t)
			return rows.Scan(&t.Name, &t.View)
		})
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if err := d.describe(ctx, tx, t); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (d *file) describe(ctx context.Context, tx dialect.Tx, t *dialect.Described) error {
	table, err := d.Describe(ctx, tx, "", t.Name)
	if err != nil || table == nil {
		return err
	}
	t.Columns = table.Columns
	if !t.View {
		if t.Rows, _, err = d.size(ctx, tx, t.Name); err != nil {
			return err
		}
	}
	primary, err := tx.Names(ctx, "SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk", t.Name)
	if err != nil {
		return err
	}
	if len(primary) > 0 {
		t.AddIndex(primary, true, true)
	}
	err = tx.Ask(ctx, `SELECT l."unique", (SELECT group_concat(coalesce(name, ''), char(31)) FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno))
		FROM pragma_index_list(?) AS l WHERE l.partial = 0 AND l.origin <> 'pk' ORDER BY l.seq`, []any{t.Name}, func(rows *sql.Rows) error {
		var unique bool
		var columns sql.NullString
		if err := rows.Scan(&unique, &columns); err != nil {
			return err
		}
		t.AddIndex(strings.Split(columns.String, "\x1f"), false, unique)
		return nil
	})
	if err != nil {
		return err
	}
	last := -1
	return tx.Ask(ctx, `SELECT id, "table", "from", coalesce("to", '') FROM pragma_foreign_key_list(?) ORDER BY id, seq`, []any{t.Name}, func(rows *sql.Rows) error {
		var id int
		var from, to string
		var key dialect.ForeignKey
		if err := rows.Scan(&id, &key.To, &from, &to); err != nil {
			return err
		}
		if id != last {
			last, t.Foreign = id, append(t.Foreign, key)
		}
		k := &t.Foreign[len(t.Foreign)-1]
		k.Columns = append(k.Columns, from)
		if to != "" { // otherwise the primary key
			k.ToColumns = append(k.ToColumns, to)
		}
		return nil
	})
}
