package postgres

import (
	"context"
	"database/sql"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// surveyed are the tables of a survey. Partitions are left out: their table stands for them.
const surveyed = `(SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
	ORDER BY n.nspname, c.relname LIMIT $1) AS c`

// Survey reads the catalog, which also shows what the user may not read.
func (d *server) Survey(ctx context.Context, tx dialect.Tx, limit int) ([]*dialect.Described, error) {
	var all []*dialect.Described
	byID := map[int64]*dialect.Described{}
	err := tx.Ask(ctx, `SELECT c.oid::bigint, c.nspname::text, c.relname::text, pg_catalog.pg_table_is_visible(c.oid), c.relkind = 'v', greatest(c.reltuples, 0)::bigint,
			a.attname::text, CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END,
			NOT (a.attnotnull OR t.typnotnull), pg_catalog.has_schema_privilege(c.nspname, 'USAGE') AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
		FROM `+surveyed+` JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid ORDER BY c.nspname, c.relname, a.attnum`, []any{limit}, func(rows *sql.Rows) error {
		var id int64
		var one dialect.Described
		var c dialect.Column
		var readable bool
		if err := rows.Scan(&id, &one.Schema, &one.Name, &one.Visible, &one.View, &one.Rows, &c.Name, &c.Type, &c.Nullable, &readable); err != nil {
			return err
		}
		t := byID[id]
		if t == nil {
			t = &one
			byID[id], all = t, append(all, t)
		}
		if readable {
			t.Columns = append(t.Columns, c)
		} else {
			t.Hidden = append(t.Hidden, c.Name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		t.Denied = len(t.Columns) == 0
	}
	if err := d.indexes(ctx, tx, limit, byID); err != nil {
		return nil, err
	}
	return all, d.foreignKeys(ctx, tx, limit, byID)
}

// indexes reads the columns of indexes. Partial ones do not hold all rows.
func (*server) indexes(ctx context.Context, tx dialect.Tx, limit int, byID map[int64]*dialect.Described) error {
	return tx.Ask(ctx, `SELECT i.indrelid::bigint, i.indisprimary, i.indisunique, array_to_string(ARRAY(
			SELECT coalesce(a.attname::text, '') FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(num, at) LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.num AND k.num > 0 ORDER BY k.at), E'\x1f')
		FROM `+surveyed+` JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid WHERE i.indpred IS NULL AND i.indisvalid ORDER BY i.indexrelid`, []any{limit}, func(rows *sql.Rows) error {
		var id int64
		var primary, unique bool
		var text string
		if err := rows.Scan(&id, &primary, &unique, &text); err != nil {
			return err
		}
		if t := byID[id]; t != nil {
			t.AddIndex(strings.Split(text, "\x1f"), primary, unique)
		}
		return nil
	})
}

func (*server) foreignKeys(ctx context.Context, tx dialect.Tx, limit int, byID map[int64]*dialect.Described) error {
	const names = `array_to_string(ARRAY(SELECT a.attname::text FROM unnest(%s) WITH ORDINALITY AS u(num, at) JOIN pg_catalog.pg_attribute AS a ON a.attrelid = %s AND a.attnum = u.num ORDER BY u.at), E'\x1f')`
	from := strings.Replace(strings.Replace(names, "%s", "k.conkey", 1), "%s", "k.conrelid", 1)
	to := strings.Replace(strings.Replace(names, "%s", "k.confkey", 1), "%s", "k.confrelid", 1)
	return tx.Ask(ctx, "SELECT k.conrelid::bigint, "+from+", n.nspname::text, other.relname::text, "+to+" FROM "+surveyed+` JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'f'
		JOIN pg_catalog.pg_class AS other ON other.oid = k.confrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = other.relnamespace ORDER BY k.oid`, []any{limit}, func(rows *sql.Rows) error {
		var id int64
		var key dialect.ForeignKey
		var columns, others string
		if err := rows.Scan(&id, &columns, &key.Schema, &key.To, &others); err != nil {
			return err
		}
		key.Columns, key.ToColumns = strings.Split(columns, "\x1f"), strings.Split(others, "\x1f")
		if t := byID[id]; t != nil {
			t.Foreign = append(t.Foreign, key)
		}
		return nil
	})
}
