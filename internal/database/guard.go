package database

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// ErrRefused is what errors.Is finds in the error about a query that the guard
// refused.
var ErrRefused = errors.New("query refused: it would read a large table")

// guard refuses a query that would read more rows than the scan limit without an
// index to lead it. A plan that was found good is taken as good for an hour; one
// that was not is looked at again each time, so that a new index helps at once.
func (r *Reading) guard(ctx context.Context, q dialect.Query) error {
	if r.db.accepted[q.Key()] {
		return nil
	}
	if err := r.harmless(ctx, q.Purpose, q.SQL); err != nil { // before EXPLAIN, which may run a part of the query
		return err
	}
	q.Whole = q.Whole && q.Table.Query == "" // which may filter by itself
	scans, err := r.dialect.Plan(ctx, transaction{r}, q)
	if err != nil {
		return r.fail(q.Purpose, &q, err)
	}
	worst := worstOf(scans)
	if worst.Rows > int64(r.db.config.ScanLimit) && !r.hinted(ctx, q) && !r.sortable(ctx, q) {
		view, err := r.dialect.IsView(ctx, transaction{r}, q.Table)
		if err != nil {
			return r.fail(q.Purpose, &q, err)
		}
		refused := r.refusal(q, worst, view)
		r.remedies = signal.MergeRemedies(r.remedies, signal.Remedies(refused))
		return refused
	}
	r.db.accepted[q.Key()] = true
	return nil
}

// sortable reports whether the plan is good when the database may sort. It then may each time.
func (r *Reading) sortable(ctx context.Context, q dialect.Query) bool {
	d, ok := r.dialect.(dialect.Sorter)
	if !ok {
		return false
	}
	scans, err := d.PlanSorted(ctx, transaction{r}, q)
	if err != nil || worstOf(scans).Rows > int64(r.db.config.ScanLimit) {
		return false
	}
	r.db.sorted[q.Key()] = true
	return true
}

func worstOf(scans []dialect.Scan) (worst dialect.Scan) {
	for _, s := range scans {
		if s.Rows > worst.Rows {
			worst = s
		}
	}
	return worst
}

func (r *Reading) refusal(q dialect.Query, worst dialect.Scan, view bool) error {
	about := "about"
	if worst.More {
		about = "more than"
	}
	what := fmt.Sprintf("it would read all of table %s, %s %d rows", worst.Table, about, worst.Rows)
	if worst.Sorts {
		what = fmt.Sprintf("it would read and sort %s %d rows of table %s", about, worst.Rows, worst.Table)
	}
	if worst.Filters {
		what = fmt.Sprintf("the index that it uses does not cover its whole condition, and it would read %s %d rows of table %s", about, worst.Rows, worst.Table)
	}
	if q.Table.Query != "" {
		return &failure{doing: q.Purpose, cause: ErrRefused, reason: fmt.Sprintf(
			"refused, because %s, and the scan limit of database %s is %d; the query is your own: write it so that an index leads it to the rows, also when only some of its columns are asked for, in an order",
			what, r.db.config.Name, r.db.config.ScanLimit)}
	}
	if view {
		return &failure{doing: q.Purpose, cause: ErrRefused, reason: fmt.Sprintf(
			"refused, because %s, and the scan limit of database %s is %d; %s is a view: have an index of a table that it reads lead to the rows by what it calls %s, or name that table",
			what, r.db.config.Name, r.db.config.ScanLimit, q.Table, strings.Join(q.Index.Full, ", "))}
	}
	return &failure{
		doing: q.Purpose, cause: ErrRefused,
		reason: fmt.Sprintf("refused, because %s, and the scan limit of database %s is %d", what, r.db.config.Name, r.db.config.ScanLimit),
		remedy: signal.Remedy{
			Kind: signal.RemedyIndex, Text: r.dialect.CreateIndex(q.Index),
			Lead: fmt.Sprintf("to have it answered, create this index (its price: %s): ", q.Index.Price),
			Why:  what + "; the price of the index: " + q.Index.Price,
		},
	}
}
