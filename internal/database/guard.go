package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrRefused is what errors.Is finds in the error about a query that the guard
// refused.
var ErrRefused = errors.New("query refused: it would read a large table")

// scan is a part of a plan that reads a table, or an index of it, from end to
// end, or reads many rows to sort them.
type scan struct {
	table string
	rows  int64 // an estimate; beyond the limit it may be a lower bound
	more  bool  // rows is a lower bound
	sorts bool  // it does not read everything, but all that it reads has to be sorted
	// filters: an index leads it, and a filter then throws rows away.
	filters bool
}

// guard refuses a query that would read more rows than the scan limit without an
// index to lead it. A plan that was found good is taken as good for an hour; one
// that was not is looked at again each time, so that a new index helps at once.
func (r *Reading) guard(ctx context.Context, q query) error {
	if r.db.accepted[q.key()] {
		return nil
	}
	q.whole = q.whole && q.table.query == "" // which may filter by itself
	scans, err := r.dialect.plan(ctx, r, q)
	if err != nil {
		return r.fail(q.purpose, &q, err)
	}
	worst := worstOf(scans)
	if worst.rows > int64(r.db.config.ScanLimit) && !r.leads(ctx, q) {
		view, err := r.dialect.view(ctx, r, q.table)
		if err != nil {
			return r.fail(q.purpose, &q, err)
		}
		return r.refusal(q, worst, view)
	}
	r.db.accepted[q.key()] = true
	return nil
}

func worstOf(scans []scan) (worst scan) {
	for _, s := range scans {
		if s.rows > worst.rows {
			worst = s
		}
	}
	return worst
}

func (r *Reading) refusal(q query, worst scan, view bool) error {
	about := "about"
	if worst.more {
		about = "more than"
	}
	what := fmt.Sprintf("it would read all of table %s, %s %d rows", worst.table, about, worst.rows)
	if worst.sorts {
		what = fmt.Sprintf("it would read and sort %s %d rows of table %s", about, worst.rows, worst.table)
	}
	if worst.filters {
		what = fmt.Sprintf("the index that it uses does not cover its whole condition, and it would read %s %d rows of table %s", about, worst.rows, worst.table)
	}
	if q.table.query != "" {
		return &failure{doing: q.purpose, cause: ErrRefused, reason: fmt.Sprintf(
			"refused, because %s, and the scan limit of database %s is %d; the query is your own: write it so that an index leads it to the rows, also when only some of its columns are asked for, in an order",
			what, r.db.config.Name, r.db.config.ScanLimit)}
	}
	if view {
		return &failure{doing: q.purpose, cause: ErrRefused, reason: fmt.Sprintf(
			"refused, because %s, and the scan limit of database %s is %d; %s is a view: have an index of a table that it reads lead to the rows by what it calls %s, or name that table",
			what, r.db.config.Name, r.db.config.ScanLimit, q.table, strings.Join(q.index.full, ", "))}
	}
	refused := &Refusal{Query: q.purpose, Why: what, Price: q.index.price, Index: r.dialect.index(q.index)}
	return &failure{doing: q.purpose, cause: ErrRefused, refused: refused, reason: fmt.Sprintf(
		"refused, because %s, and the scan limit of database %s is %d"+WouldAnswer+" (its price: %s): %s",
		what, r.db.config.Name, r.db.config.ScanLimit, refused.Price, refused.Index)}
}
