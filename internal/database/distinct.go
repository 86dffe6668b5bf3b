package database

import (
	"context"
	"database/sql"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Distinct lists the values of a column, at most limit of them, in one step of an
// index that begins with it for each. NULL is not among them. Then are the columns
// that follow in the index to recommend, so that it serves other questions, too.
func (r *Reading) Distinct(ctx context.Context, what string, t *Table, c Column, limit int, then ...Column) ([]string, error) {
	q := dialect.Query{Purpose: "list " + what, Table: t, Whole: !c.Nullable, SQL: r.dialect.Distinct(t, c, limit)}
	q.Index = dialect.Index{Table: t, Columns: []string{c.Name}, Price: "every insert and every change of " + c.Name + " also writes to it"}
	for _, next := range then {
		q.Index.Columns = append(q.Index.Columns, next.Name)
	}
	q.Index.Full = q.Index.Columns
	var values []string
	err := r.run(ctx, q, func(rows *sql.Rows) error {
		var v sql.NullString
		err := rows.Scan(&v)
		values = append(values, v.String)
		return err
	})
	return values, err
}

// Same reports whether the database takes two values of a column for equal.
func (r *Reading) Same(c Column, a, b string) bool { return r.Fold(c, a) == r.Fold(c, b) }

// Fold returns one text for all that the database takes for equal values of a column.
func (r *Reading) Fold(c Column, text string) string { return r.dialect.Fold(c, text) }

// Size estimates how many rows a table has, without reading it; false where that
// is not known.
func (r *Reading) Size(ctx context.Context, t *Table) (int64, bool) {
	n, err := r.dialect.EstimateRows(ctx, transaction{r}, t)
	return n, err == nil && n > 0
}

// Form is what a column holds.
func (r *Reading) Form(c Column) dialect.Form { return r.dialect.Form(c) }
