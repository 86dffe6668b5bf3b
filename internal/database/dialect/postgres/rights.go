package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// excess lists what the user may do beyond reading: the attributes of its role, the
// predefined roles that it is in, and the schemas and tables that it may change.
const excess = `SELECT 1, CASE WHEN rolsuper THEN 'is a superuser' WHEN rolcreaterole THEN 'may create roles' WHEN rolcreatedb THEN 'may create databases'
		WHEN rolreplication THEN 'may replicate' ELSE 'may read past row security' END, 1
	FROM pg_catalog.pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
UNION ALL
SELECT 2, 'is in the role ' || r.rolname, 1 FROM pg_catalog.pg_roles AS r JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user AND NOT me.rolsuper
	WHERE r.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend', 'pg_write_all_data',
		'pg_maintain', 'pg_checkpoint', 'pg_create_subscription') AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
UNION ALL
SELECT 3, 'may create tables in schema ' || min(n.nspname), count(*) FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user AND NOT me.rolsuper
	WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND pg_catalog.has_schema_privilege(n.oid, 'CREATE') HAVING count(*) > 0
UNION ALL
SELECT 4, 'may change table ' || min(c.oid::regclass::text), count(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user AND NOT me.rolsuper
	WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
		AND (pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
	HAVING count(*) > 0
ORDER BY 1, 2`

// Excess lists the rights of the user beyond reading.
func (d *server) Excess(ctx context.Context, tx dialect.Tx) (all []string, err error) {
	err = tx.Ask(ctx, excess, nil, func(rows *sql.Rows) error {
		var kind, count int
		var text string
		if err := rows.Scan(&kind, &text, &count); err != nil {
			return err
		}
		if count > 1 {
			text += fmt.Sprintf(" and %d more", count-1)
		}
		all = append(all, text)
		return nil
	})
	return all, err
}
