package database

import (
	"context"
	"database/sql"
	"fmt"
)

// Distinct lists the values of a column, at most limit of them, in one step of an
// index that begins with it for each. NULL is not among them. Then are the columns
// that follow in the index to recommend, so that it serves other questions, too.
func (r *Reading) Distinct(ctx context.Context, what string, t *Table, c Column, limit int, then ...Column) ([]string, error) {
	q := query{purpose: "list " + what, table: t, limit: limit, whole: !c.Nullable, sql: r.dialect.distinct(t, c, limit)}
	q.index = index{table: t, columns: []string{c.Name}, price: "every insert and every change of " + c.Name + " writes it, too"}
	for _, next := range then {
		q.index.columns = append(q.index.columns, next.Name)
	}
	q.index.full = q.index.columns
	var values []string
	err := r.run(ctx, q, func(rows *sql.Rows) error {
		var v sql.NullString
		err := rows.Scan(&v)
		values = append(values, v.String)
		return err
	})
	return values, err
}

// skipScan goes from each value of a column to the next, one step in the index for
// each; the limit stops the recursion.
func skipScan(d dialect, table string, c Column, limit int) string {
	column := d.quote(c.Name)
	next := func(where string) string {
		return "(SELECT " + column + " FROM " + table + where + " ORDER BY " + column + " LIMIT 1)"
	}
	first := ""
	if c.Nullable {
		first = " WHERE " + column + " IS NOT NULL"
	}
	return fmt.Sprintf("WITH RECURSIVE steps(v) AS (SELECT %s UNION ALL SELECT %s FROM steps WHERE steps.v IS NOT NULL) SELECT %s FROM steps WHERE v IS NOT NULL LIMIT %d",
		next(first), next(" WHERE "+column+" > steps.v"), d.text(Column{Name: "v", Type: c.Type}), limit)
}

// Same reports whether the database takes two values of a column for equal.
func (r *Reading) Same(c Column, a, b string) bool { return r.dialect.same(c, a, b) }
