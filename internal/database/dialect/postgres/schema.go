package postgres

import (
	"context"
	"database/sql"
	"slices"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Describe reads the catalog, which also shows what the user may not read: a missing right
// differs from a missing table.
func (d *server) Describe(ctx context.Context, tx dialect.Tx, schema, name string) (*dialect.Table, error) {
	t := &dialect.Table{}
	// The exact name first, which an index of the catalog finds.
	for _, same := range []string{"c.relname = $1", "lower(c.relname) = lower($1)"} {
		err := tx.Ask(ctx, `SELECT t.schema, t.name, a.attname::text, CASE WHEN d.typtype = 'd' THEN pg_catalog.format_type(d.typbasetype, d.typtypmod) ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END,
				NOT (a.attnotnull OR d.typnotnull), coalesce((SELECT coalesce(o.j->>'colllocale', o.j->>'colliculocale', o.j->>'collcollate')
					FROM (SELECT to_jsonb(c) AS j FROM pg_catalog.pg_collation AS c WHERE c.oid = a.attcollation) AS o WHERE o.j->>'collisdeterministic' = 'false'), '') FROM (
				SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
				WHERE `+same+` AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
				AND CASE WHEN $2 = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE lower(n.nspname) = lower($2) END
				ORDER BY n.nspname = $2 DESC LIMIT 1
			) AS t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
				JOIN pg_catalog.pg_type AS d ON d.oid = a.atttypid ORDER BY a.attnum`, []any{name, schema},
			func(rows *sql.Rows) error {
				var c dialect.Column
				err := rows.Scan(&t.Schema, &t.Name, &c.Name, &c.Type, &c.Nullable, &c.Collation)
				t.Columns = append(t.Columns, c)
				return err
			})
		if err != nil {
			return nil, err
		}
		if t.Name != "" {
			return t, nil
		}
	}
	return nil, nil
}

func (d *server) IsView(ctx context.Context, tx dialect.Tx, t *dialect.Table) (bool, error) {
	kinds, err := tx.Names(ctx, `SELECT c.relkind::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2`, t.Schema, t.Name)
	return slices.Contains(kinds, "v"), err
}

func (d *server) Tables(ctx context.Context, tx dialect.Tx) ([]string, error) {
	return tx.Names(ctx, `SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN '' ELSE n.nspname || '.' END || c.relname
		FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1 LIMIT 300`)
}
