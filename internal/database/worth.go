package database

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Worth names the columns that hold what a row is worth.
type Worth struct {
	Amount   Column
	Currency *Column // nil where all amounts have one currency
}

// Columns lists the columns that it reads.
func (w *Worth) Columns() []Column {
	switch {
	case w == nil:
		return nil
	case w.Currency == nil:
		return []Column{w.Amount}
	}
	return []Column{w.Amount, *w.Currency}
}

// Valued counts the rows that are worth the same, as the database writes it; NULL is empty.
type Valued struct {
	Amount, Currency string
	Rows             int64
}

// valued asks what the rows of a selection are worth that have waited for longer than a
// time, or all of them: of the oldest, up to the cap. It reads the rows by the same index as
// a Tally, groups equal amounts in the database and adds nothing there, because some
// databases add in floating point.
func (r *Reading) valued(s Selection, limit int, longest time.Duration, w *Worth, into *[]Valued) *question {
	q := dialect.Query{Purpose: "read the amounts of " + s.What, Table: s.Table, About: about(s), Index: s.index(r.dialect)}
	m, err := r.moments(s)
	inner := []string{m.Expression + " AS moment", r.dialect.Text(w.Amount) + " AS lostorder_amount"}
	outer := []string{"lostorder_amount"}
	for _, c := range w.Columns()[1:] {
		inner = append(inner, r.dialect.Text(c)+" AS lostorder_currency")
		outer = append(outer, "lostorder_currency")
	}
	from, whole := r.from(s, &q.Args)
	q.Whole = whole
	late := ""
	if longest > 0 {
		late = " WHERE moment < " + m.At(r.clock.Before(longest))
	}
	group := strings.Join(outer, ", ")
	q.SQL = fmt.Sprintf("SELECT %s, count(*) FROM (SELECT %s %s %s LIMIT %d) AS oldest%s GROUP BY %s",
		group, strings.Join(inner, ", "), from, orderBy(r.dialect, leading(s)), limit, late, group)
	return &question{err: failed(q, err), Question: dialect.Question{Query: q, Take: func(from dialect.Row) error {
		var amount, currency sql.NullString
		var one Valued
		fields := []any{&amount, &currency}[:len(outer)]
		if err := from.Scan(append(fields, &one.Rows)...); err != nil {
			return err
		}
		one.Amount, one.Currency = amount.String, currency.String
		*into = append(*into, one)
		return nil
	}}}
}
