package sqlite

import (
	"context"
	"database/sql"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Origin identifies the file. Another file in its place is a backup that was restored, or a
// copy that took its place: what was written since is lost. A backup that was copied into the
// same file shows only if the tables were changed since: their version is less then.
func (d *file) Origin(ctx context.Context, tx dialect.Tx) (signal.Origin, error) {
	name := identity(d.path)
	if name == "" {
		return signal.Origin{}, nil
	}
	o := signal.Origin{Name: "file", Written: map[string]int64{name: 0}}
	err := tx.Ask(ctx, "PRAGMA schema_version", nil, func(rows *sql.Rows) error { return rows.Scan(&o.Position) })
	return o, err
}
