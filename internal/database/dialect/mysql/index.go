package mysql

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Indexes considers the indexes of whole columns. Each index of InnoDB implicitly ends with
// the primary key.
func (d *server) Indexes(ctx context.Context, tx dialect.Tx, t *dialect.Table, columns []string) (found []string, err error) {
	const primary = "PRIMARY"
	indexes := map[string][]string{}
	var names []string
	err = tx.Ask(ctx, `SELECT index_name, coalesce(column_name, ''), sub_part IS NOT NULL FROM information_schema.statistics
		WHERE table_schema = ? AND table_name = ? AND index_type = 'BTREE' ORDER BY index_name, seq_in_index`, []any{t.Schema, t.Name},
		func(rows *sql.Rows) error {
			var name, column string
			var cut bool
			if err := rows.Scan(&name, &column, &cut); err != nil {
				return err
			}
			if cut {
				column = "" // the index does not tell such columns apart
			}
			if indexes[name] == nil {
				names = append(names, name)
			}
			indexes[name] = append(indexes[name], column)
			return nil
		})
	same := func(a, b string) bool { return strings.EqualFold(a, b) }
	for _, name := range names {
		has := slices.Clone(indexes[name])
		if name != primary {
			has = append(has, indexes[primary]...)
		}
		if len(has) >= len(columns) && slices.EqualFunc(has[:len(columns)], columns, same) {
			found = append(found, name)
		}
	}
	return found, err
}

// Hint tells the server to use an index.
func (d *server) Hint(index string) string { return " FORCE INDEX (" + d.Quote(index) + ")" }
