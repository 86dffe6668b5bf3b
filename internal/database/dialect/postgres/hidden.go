package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// hidden finds the tables behind a name whose row security applies to the role that reads
// them, and has no policy that shows that role every row. A view reads its tables as its
// owner, unless it is a security invoker.
const hidden = `WITH RECURSIVE reads(oid, reader) AS (
	SELECT c.oid, me.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user
		WHERE n.nspname = $1 AND c.relname = $2
	UNION
	SELECT d.refobjid, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) WHERE option_name = 'security_invoker' AND option_value::boolean) THEN r.reader ELSE v.relowner END
		FROM reads AS r JOIN pg_catalog.pg_class AS v ON v.oid = r.oid AND v.relkind = 'v' JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = v.oid
		JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> v.oid)
SELECT n.nspname::text, c.relname::text, who.rolname::text, EXISTS (SELECT FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND NOT p.polpermissive)
FROM reads AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.oid AND c.relrowsecurity JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles AS who ON who.oid = r.reader
WHERE NOT who.rolsuper AND NOT who.rolbypassrls AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(who.oid, c.relowner, 'USAGE'))
	AND NOT (EXISTS (SELECT FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*') AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true'
			AND (0 = ANY (p.polroles) OR EXISTS (SELECT FROM unnest(p.polroles) AS member WHERE pg_catalog.pg_has_role(who.oid, member, 'USAGE'))))
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd IN ('r', '*')))
ORDER BY 1, 2 LIMIT 1`

// Hidden finds row security.
func (d *server) Hidden(ctx context.Context, tx dialect.Tx, t *dialect.Table) (why, paste string, err error) {
	err = tx.Ask(ctx, hidden, []any{t.Schema, t.Name}, func(rows *sql.Rows) error {
		var schema, name, reader string
		var restrictive bool
		if err := rows.Scan(&schema, &name, &reader, &restrictive); err != nil {
			return err
		}
		table := d.Quote(schema) + "." + d.Quote(name)
		why = fmt.Sprintf("row security on %s.%s may hide rows from user %q", schema, name, reader)
		paste = fmt.Sprintf("CREATE POLICY lostorder_reads_all ON %s FOR SELECT TO %s USING (true);", table, d.Quote(reader))
		if restrictive { // which another policy cannot widen
			paste = fmt.Sprintf("ALTER ROLE %s BYPASSRLS;", d.Quote(reader))
		}
		return nil
	})
	return why, paste, err
}
