package database

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// Selection is rows of one table that wait, and since when.
type Selection struct {
	What  string // for messages, in the plural: "pending rows"
	Table *Table
	Where []Condition // all must hold; none: every row
	Since Column      // the moment since which a row waits
	Tie   []Column    // what orders rows of the same moment
	// Order is what orders the rows instead of Since and Tie: a sequence, say, on
	// which there is an index.
	Order []Column
}

// order lists the columns that order the rows.
func (s Selection) order() []Column {
	if len(s.Order) > 0 {
		return s.Order
	}
	return append([]Column{s.Since}, s.Tie...)
}

// Undated are the rows of a selection that do not say since when they wait.
func (s Selection) Undated() Selection {
	s.What += " whose " + s.Since.Name + " is NULL"
	s.Where = append(slices.Clone(s.Where), IsNull(s.Since))
	return s
}

// orderBy is the ORDER BY of columns.
func orderBy(d dialect, columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = d.quote(c.Name)
	}
	return "ORDER BY " + strings.Join(names, ", ")
}

// Row is one row that waits.
type Row struct {
	Since  signal.Instant // on our clock; unknown when it is no time
	Fields []string       // the columns that were asked for, as text; NULL is empty
	Place  Place          // in the order of a page
}

// Oldest returns the rows that have waited longest, oldest first, without those
// that do not say since when.
func (r *Reading) Oldest(ctx context.Context, s Selection, n int, fields ...Column) ([]Row, error) {
	var rows []Row
	q := r.oldest(s, n, fields, &rows)
	r.together(ctx, q)
	return rows, q.err
}

func (r *Reading) oldest(s Selection, n int, fields []Column, into *[]Row) *question {
	q := query{purpose: "read the oldest " + s.What, limit: n}
	from, whole := r.from(s, &q.args)
	q.whole = whole
	return r.rowsOf(q, s, []string{from}, fmt.Sprintf(" %s LIMIT %d", orderBy(r.dialect, s.order()), n), fields, into)
}

// rows asks for rows of a selection.
func (r *Reading) rows(ctx context.Context, q query, s Selection, from []string, tail string, fields []Column) ([]Row, error) {
	var rows []Row
	one := r.rowsOf(q, s, from, tail, fields, &rows)
	r.together(ctx, one)
	return rows, one.err
}

// rowsOf is the question for rows of a selection: their moments, and the fields.
// from are all FROM and WHERE by which they are found, and tail what follows them.
func (r *Reading) rowsOf(q query, s Selection, from []string, tail string, fields []Column, all *[]Row) *question {
	q.table, q.where = s.Table, s.Where
	q.index = s.index(r.dialect)
	millis, err := r.millis(s)
	columns := []string{millis}
	if q.places {
		columns = append(columns, r.place(s)...)
	}
	for _, f := range fields {
		columns = append(columns, r.dialect.text(f))
	}
	// Named, or ORDER BY would take the text of a column for the column.
	for i := range columns {
		columns[i] += fmt.Sprintf(" AS lostorder_%d", i)
	}
	q.sql = "SELECT " + strings.Join(columns, ", ") + " "
	q.sql += strings.Join(from, " UNION ALL "+q.sql) + tail

	return &question{query: q, err: q.failed(err), take: func(from row) error {
		var at sql.NullInt64
		texts := make([]sql.NullString, len(columns)-1)
		into := []any{&at}
		for i := range texts {
			into = append(into, &texts[i])
		}
		if err := from.Scan(into...); err != nil {
			return err
		}
		var row Row
		if at.Valid {
			row.Since = r.clock.instant(at.Int64)
		}
		if q.places {
			n := 1 + len(s.Tie)
			row.Place = Place{At: texts[0].String}
			if ties := texts[1:n]; !slices.ContainsFunc(ties, func(t sql.NullString) bool { return !t.Valid }) {
				row.Place.Key = Key(written(ties)).ID()
			}
			texts = texts[n:]
		}
		row.Fields = written(texts)
		*all = append(*all, row)
		return nil
	}}
}

// written takes NULL for an empty text.
func written(texts []sql.NullString) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = text.String
	}
	return all
}

// from is the FROM and WHERE for the rows that say since when they wait, and
// whether those are all rows there are.
func (r *Reading) from(s Selection, args *[]any) (text string, whole bool) {
	where := renderAll(s.Where, r.dialect, args)
	if s.Since.Nullable {
		if where != "" {
			where += " AND "
		}
		where += r.dialect.quote(s.Since.Name) + " IS NOT NULL"
	}
	text = "FROM " + r.quoteTable(s.Table)
	if where == "" {
		return text, true
	}
	return text + " WHERE " + where, false
}

// millis is the expression for since when a row waits.
func (r *Reading) millis(s Selection) (string, error) {
	millis, ok := r.dialect.millis(s.Since)
	if !ok {
		return "", fmt.Errorf("column %s of table %s is of type %s, which holds no time; name a timestamp, or a number of seconds or milliseconds since 1970",
			s.Since.Name, s.Table, s.Since.Type)
	}
	return millis, nil
}

// HoldsTime reports whether a column holds moments.
func (r *Reading) HoldsTime(c Column) bool {
	_, ok := r.dialect.millis(c)
	return ok
}
