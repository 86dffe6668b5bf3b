package database

import (
	"context"
	"strings"
)

// hinting is a dialect that can be told which index to take. MariaDB and MySQL sort
// a whole table of some ten thousand rows to find the thousand latest, although an
// index has them in that order.
type hinting interface {
	// existing names the indexes of the table that begin with those columns. The server
	// may not take each of them: one may be invisible, or the other way round.
	existing(ctx context.Context, r *Reading, t *Table, columns []string) ([]string, error)
}

// leads reports whether there is the index that would answer a query, and whether
// the query is fine when the server is told to take it; it is then told each time.
func (r *Reading) leads(ctx context.Context, q query) bool {
	d, ok := r.dialect.(hinting)
	if !ok || q.table.query != "" || len(q.index.full) == 0 {
		return false
	}
	names, err := d.existing(ctx, r, q.table, q.index.full)
	if err != nil {
		return false
	}
	for _, name := range names {
		scans, err := r.dialect.plan(ctx, r, r.ledBy(q, name))
		if err == nil && worstOf(scans).rows <= int64(r.db.config.ScanLimit) {
			r.db.led[q.key()] = name
			return true
		}
	}
	return false
}

// ledBy is the query with a word to the server which index to take.
func (r *Reading) ledBy(q query, index string) query {
	from := "FROM " + r.quoteTable(q.table)
	q.sql = strings.ReplaceAll(q.sql, from, from+" FORCE INDEX ("+r.dialect.quote(index)+")")
	return q
}
