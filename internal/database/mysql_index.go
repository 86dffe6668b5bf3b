package database

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// existing looks among the indexes of whole columns. Each of InnoDB's ends, unsaid,
// with the primary key.
func (d *mysql) existing(ctx context.Context, r *Reading, t *Table, columns []string) (found []string, err error) {
	const primary = "PRIMARY"
	indexes := map[string][]string{}
	var names []string
	err = r.ask(ctx, `SELECT index_name, coalesce(column_name, ''), sub_part IS NOT NULL FROM information_schema.statistics
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
