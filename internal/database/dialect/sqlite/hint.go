package sqlite

import (
	"context"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Indexes returns the partial indexes of a table. SQLite prefers a scan in the order of the
// query to sorting the few rows of a partial index.
func (d *file) Indexes(ctx context.Context, tx dialect.Tx, t *dialect.Table, _ []string) ([]string, error) {
	return tx.Names(ctx, "SELECT name FROM pragma_index_list(?) WHERE partial ORDER BY name LIMIT 20", t.Name)
}

// Hint names the index to use. A query whose rows it may not hold fails.
func (d *file) Hint(index string) string { return " INDEXED BY " + d.Quote(index) }
