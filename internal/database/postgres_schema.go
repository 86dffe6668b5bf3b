package database

import (
	"context"
	"database/sql"
)

// describe asks the catalog, which shows also what may not be read: a missing
// right and a missing table are told apart.
func (d *postgres) describe(ctx context.Context, r *Reading, schema, name string) (*Table, error) {
	t := &Table{}
	var id int64
	// The exact name first, which an index of the catalog finds.
	for _, same := range []string{"c.relname = $1", "lower(c.relname) = lower($1)"} {
		err := r.ask(ctx, `SELECT c.oid::bigint, n.nspname::text, c.relname::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
			WHERE `+same+` AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND CASE WHEN $2 = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE lower(n.nspname) = lower($2) END
			ORDER BY n.nspname = $2 DESC LIMIT 1`, []any{name, schema},
			func(rows *sql.Rows) error { return rows.Scan(&id, &t.Schema, &t.Name) })
		if err != nil {
			return nil, err
		}
		if t.Name != "" {
			break
		}
	}
	if t.Name == "" {
		return nil, nil
	}
	err := r.ask(ctx, `SELECT attname::text, pg_catalog.format_type(atttypid, atttypmod), NOT attnotnull FROM pg_catalog.pg_attribute
		WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, []any{id},
		func(rows *sql.Rows) error {
			var c Column
			err := rows.Scan(&c.Name, &c.Type, &c.Nullable)
			t.Columns = append(t.Columns, c)
			return err
		})
	return t, err
}

func (d *postgres) tables(ctx context.Context, r *Reading) ([]string, error) {
	return r.names(ctx, `SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN '' ELSE n.nspname || '.' END || c.relname
		FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1 LIMIT 300`)
}
