package database

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
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
	// Due is the moment from which a row waits, if it is later than Since; nil where every
	// row waits at once.
	Due *Column
	// Held are conditions under which a row does not wait: it is not due yet, or is in the
	// hands of a worker. They are checked among the first rows of the order, since no index
	// leads to what depends on the time of day.
	Held []Condition
}

// ready is an expression that is 1 for a row that waits now.
func (s Selection) ready(d dialect.Dialect, args *[]any) string {
	if len(s.Held) == 0 {
		return "1"
	}
	var text strings.Builder
	for _, c := range s.Held {
		text.WriteString(" WHEN " + c.render(d, args) + " THEN 0")
	}
	return "CASE" + text.String() + " ELSE 1 END"
}

// notDue is an expression that is 1 for a row that is not due, if the rows come in the order
// in which they are due, and 0 otherwise: after such a row, all others are not due either.
func (s Selection) notDue(d dialect.Dialect, args *[]any) string {
	if len(s.Order) == 0 {
		for _, c := range s.Held {
			if c.kind == isLater && c.column.Name == s.Since.Name {
				return "CASE WHEN " + c.render(d, args) + " THEN 1 ELSE 0 END"
			}
		}
	}
	return "0"
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
func orderBy(d dialect.Dialect, columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = d.Quote(c.Name)
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
	q := dialect.Query{Purpose: "read the oldest " + s.What}
	var from string
	from, q.Whole = r.waiting(s, fields, &q.Args)
	return r.rowsOf(q, s, []string{from}, fmt.Sprintf(" %s LIMIT %d", orderBy(r.dialect, s.order()), n), fields, false, into)
}

// maxHeld is how many of the first rows are read to find those that nothing holds back.
const maxHeld = 10_000

// waiting is the FROM and WHERE for the rows that wait now. Where something may hold a row
// back, they are looked for among the first rows of the order.
func (r *Reading) waiting(s Selection, fields []Column, args *[]any) (text string, whole bool) {
	if len(s.Held) == 0 {
		return r.from(s, args)
	}
	needed := append(slices.Clone(fields), s.order()...)
	needed = append(needed, s.Since)
	if s.Due != nil {
		needed = append(needed, *s.Due)
	}
	var names []string
	for _, c := range needed {
		names = append(names, r.dialect.Quote(c.Name))
	}
	ready := s.ready(r.dialect, args)
	from, whole := r.from(s, args)
	return fmt.Sprintf("FROM (SELECT %s, %s AS lostorder_ready %s %s LIMIT %d) AS candidates WHERE lostorder_ready = 1",
		strings.Join(dialect.Unique(names), ", "), ready, from, orderBy(r.dialect, s.order()), maxHeld), whole
}

// rows asks for rows of a selection.
func (r *Reading) rows(ctx context.Context, q dialect.Query, s Selection, from []string, tail string, fields []Column, places bool) ([]Row, error) {
	var rows []Row
	one := r.rowsOf(q, s, from, tail, fields, places, &rows)
	r.together(ctx, one)
	return rows, one.err
}

// rowsOf is the question for rows of a selection: their moments, and the fields.
// from are all FROM and WHERE by which they are found, and tail what follows them.
func (r *Reading) rowsOf(q dialect.Query, s Selection, from []string, tail string, fields []Column, places bool, all *[]Row) *question {
	q.Table, q.About = s.Table, about(s)
	q.Index = s.index(r.dialect)
	millis, err := r.millis(s)
	columns := []string{millis}
	if places {
		columns = append(columns, r.place(s)...)
	}
	for _, f := range fields {
		columns = append(columns, r.dialect.Text(f))
	}
	// Named, or ORDER BY would take the text of a column for the column.
	for i := range columns {
		columns[i] += fmt.Sprintf(" AS lostorder_%d", i)
	}
	q.SQL = "SELECT " + strings.Join(columns, ", ") + " "
	q.SQL += strings.Join(from, " UNION ALL "+q.SQL) + tail

	return &question{Question: dialect.Question{Query: q, Take: func(from dialect.Row) error {
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
			row.Since = r.clock.Instant(at.Int64)
		}
		if places {
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
	}}, err: failed(q, err)}
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
	where := All(s.Where, r.dialect, args)
	if s.Since.Nullable {
		if where != "" {
			where += " AND "
		}
		where += r.dialect.Quote(s.Since.Name) + " IS NOT NULL"
	}
	text = "FROM " + r.From(s.Table)
	if where == "" {
		return text, true
	}
	return text + " WHERE " + where, false
}

// millis is the expression for since when a row waits.
func (r *Reading) millis(s Selection) (string, error) {
	millis, ok := r.dialect.Millis(s.Since)
	if !ok {
		return "", NoMoments(s.Table, s.Since)
	}
	if s.Due == nil {
		return millis, nil
	}
	due, ok := r.dialect.Millis(*s.Due)
	if !ok {
		return "", NoMoments(s.Table, *s.Due)
	}
	return "(CASE WHEN " + due + " > " + millis + " THEN " + due + " ELSE " + millis + " END)", nil
}

// HoldsTime reports whether a column holds moments.
func (r *Reading) HoldsTime(c Column) bool {
	_, ok := r.dialect.Millis(c)
	return ok
}

// index is the one that answers questions about a selection. Its constant conditions make it
// partial, its varying ones come first, and then the order.
func (s Selection) index(d dialect.Dialect) dialect.Index {
	x := dialect.Index{Table: s.Table, Price: "every insert also writes to it"}
	var where []string
	moves := false
	for _, c := range s.Where {
		x.Full = append(x.Full, c.about(s.Table)...)
		if constant := c.constant(d); constant != "" {
			where = append(where, constant)
		} else {
			x.Columns = append(x.Columns, c.about(s.Table)...)
		}
		moves = true
	}
	if moves {
		x.Price = "every insert and every update that moves a row into or out of it also writes to it"
		if more := d.Traits().IndexPrice; more != "" {
			x.Price += ", and " + more
		}
	}
	x.Where = strings.Join(where, " AND ")
	if len(where) > 1 {
		x.Where = "(" + strings.Join(where, ") AND (") + ")"
	}
	var tail []string
	for _, c := range s.order() {
		tail = append(tail, c.Name)
	}
	x.Columns = dialect.Unique(append(x.Columns, tail...))
	x.Full = dialect.Unique(append(x.Full, tail...))
	return x
}
