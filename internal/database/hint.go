package database

import (
	"context"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// hinted reports whether an index exists that would answer a query, and whether the plan is
// good when the query names it. The query then names it each time.
func (r *Reading) hinted(ctx context.Context, q dialect.Query) bool {
	d, ok := r.dialect.(dialect.Hinter)
	if !ok || q.Table.Query != "" || len(q.Index.Full) == 0 {
		return false
	}
	names, err := d.Indexes(ctx, transaction{r}, q.Table, q.Index.Full)
	if err != nil {
		return false
	}
	for _, name := range names {
		scans, err := r.dialect.Plan(ctx, transaction{r}, r.hint(q, name))
		if err == nil && worstOf(scans).Rows <= int64(r.db.config.ScanLimit) {
			r.db.hints[q.Key()] = name
			return true
		}
	}
	return false
}

// hint is the query with the name of the index that the server has to use.
func (r *Reading) hint(q dialect.Query, index string) dialect.Query {
	if d, ok := r.dialect.(dialect.Hinter); ok {
		from := "FROM " + r.From(q.Table)
		q.SQL = strings.ReplaceAll(q.SQL, from, from+d.Hint(index))
	}
	return q
}
