package postgres

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// harmless are volatile functions that change nothing.
var harmless = strings.Fields("random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 currval lastval setseed " +
	"statement_timestamp transaction_timestamp pg_backend_pid")

// harmful are functions that the catalog does not call volatile and that write all the same.
var harmful = strings.Fields("txid_current pg_current_xact_id")

// Unsafe asks the catalog. A function that is not volatile can write nothing, and what
// takes a lock or reaches another process is volatile. A name that is no function is a
// word or a type of SQL.
func (d *server) Unsafe(ctx context.Context, tx dialect.Tx, calls []dialect.Call) (unsafe []string, err error) {
	var names []string
	for _, c := range calls {
		switch {
		case slices.Contains(harmful, c.Name):
			unsafe = append(unsafe, c.String()+" writes")
		case !slices.Contains(harmless, c.Name) || c.Schema != "" && c.Schema != "pg_catalog":
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return unsafe, nil
	}
	volatile := map[string]bool{}
	err = tx.Ask(ctx, "SELECT DISTINCT p.proname::text FROM pg_catalog.pg_proc AS p WHERE p.proname = ANY ($1::text[]) AND p.provolatile = 'v'", []any{names},
		func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			volatile[name] = true
			return err
		})
	for _, c := range calls {
		if volatile[c.Name] && slices.Contains(names, c.Name) {
			unsafe = append(unsafe, c.String()+" is volatile")
		}
	}
	return unsafe, err
}
