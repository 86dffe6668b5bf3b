package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// After holds for rows that come after a place in the order of some columns, such as
// the position of a relay. The place is written as Values reads it.
func After(columns []Column, place []string) Condition {
	return Condition{kind: isAfter, columns: columns, values: place}
}

// inRange holds for rows after one place and no later than another, in the order of
// one column.
func inRange(c Column, after, upTo string) Condition {
	return Condition{kind: isInRange, column: c, values: []string{after, upTo}}
}

// beyond holds for rows whose columns are more or less than a place, " > " or " < ".
// MySQL leads no index by a comparison of rows, so that it is told the first column
// alone, too.
func beyond(d dialect, columns []Column, than string, place []string, args *[]any) string {
	names, values := make([]string, len(columns)), func(i int) string { return writtenBack(d, columns[i], place[i], args) }
	for i, column := range columns {
		names[i] = d.quote(column.Name)
	}
	if at, ok := stampOf(columns[0], place[0]); ok {
		return beyondStamp(d, at, columns, than, place, args)
	}
	if len(names) == 1 {
		return names[0] + than + values(0)
	}
	if d.rowValues() {
		all := make([]string, len(names))
		for i := range all {
			all[i] = values(i)
		}
		return "(" + strings.Join(names, ", ") + ")" + than + "(" + strings.Join(all, ", ") + ")"
	}
	var text strings.Builder // in order, as the arguments are
	fmt.Fprintf(&text, "%s%s= %s AND ", names[0], strings.TrimRight(than, " "), values(0))
	last := len(names) - 1
	for i, name := range names[:last] {
		fmt.Fprintf(&text, "(%s%s%s OR (%[1]s = %[4]s AND ", name, than, values(i), values(i))
	}
	return text.String() + names[last] + than + values(last) + strings.Repeat("))", last)
}

// asWritten is an expression for a column as the database writes it, NULL for NULL,
// and writtenBack makes a value of the column of it again.
func asWritten(d dialect, c Column) string {
	text := d.raw(c)
	if _, ok := d.(*mysql); ok && binary(c) {
		text = d.text(c)
	}
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", d.quote(c.Name), text)
}

func writtenBack(d dialect, c Column, text string, args *[]any) string {
	if _, ok := d.(*mysql); ok && binary(c) {
		return literal(d, c, text, args)
	}
	return d.moment(c, text, args)
}

// Values reads columns of rows as the database writes them, at most n rows.
func (r *Reading) Values(ctx context.Context, s Selection, n int, columns ...Column) ([][]Value, error) {
	q := query{purpose: "read " + s.What, table: s.Table, limit: n, where: s.Where, whole: len(s.Where) == 0}
	q.index = index{table: s.Table, price: "every insert and every update of it writes it, too"}
	for _, c := range s.Where {
		q.index.columns = append(q.index.columns, c.about(s.Table)...)
	}
	q.index.columns = unique(q.index.columns)
	q.index.full = q.index.columns
	fields := make([]string, len(columns))
	for i, c := range columns {
		// Named, or ORDER BY would take the text of a column for the column.
		fields[i] = fmt.Sprintf("%s AS lostorder_%d", asWritten(r.dialect, c), i)
	}
	q.sql = "SELECT " + strings.Join(fields, ", ") + " FROM " + r.quoteTable(s.Table)
	if !q.whole {
		q.sql += " WHERE " + renderAll(s.Where, r.dialect, &q.args)
	}
	if len(s.Order) > 0 {
		q.index = s.index(r.dialect)
		q.sql += " " + orderBy(r.dialect, s.Order) + " DESC"
	}
	q.sql += fmt.Sprintf(" LIMIT %d", n)
	var all [][]Value
	err := r.run(ctx, q, func(rows *sql.Rows) error {
		texts := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range texts {
			into[i] = &texts[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make([]Value, len(columns))
		for i, text := range texts {
			row[i] = Value{text.String, !text.Valid}
		}
		all = append(all, row)
		return nil
	})
	return all, err
}

// Numbers reads the whole numbers of a column between two: above one, and no higher
// than the other; the highest first, at most n of them.
func (r *Reading) Numbers(ctx context.Context, s Selection, c Column, above, upTo int64, n int) ([]int64, error) {
	s.Order = []Column{c}
	s.Where = append([]Condition{inRange(c, fmt.Sprint(above), fmt.Sprint(upTo))}, s.Where...)
	rows, err := r.Values(ctx, s, n, c)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, len(rows))
	for i, row := range rows {
		if _, err := fmt.Sscan(row[0].Text, &numbers[i]); err != nil {
			return nil, fmt.Errorf("read %s: %q in column %s is no whole number", s.What, row[0].Text, c.Name)
		}
	}
	return numbers, nil
}

// Horizon is where the transactions of a database stand: those below Ended have all
// ended, and those from Begun on had not begun.
type Horizon struct{ Ended, Begun int64 }

// Horizon reads where the transactions stand that the picture of this reading does
// not show; false where the database does not say so to everybody.
func (r *Reading) Horizon(ctx context.Context) (h Horizon, ok bool, err error) {
	if r.dialect.name() != postgresName {
		return h, false, nil
	}
	err = r.ask(ctx, "SELECT pg_catalog.txid_snapshot_xmin(s), pg_catalog.txid_snapshot_xmax(s) FROM pg_catalog.txid_current_snapshot() AS s", nil,
		func(rows *sql.Rows) error { return rows.Scan(&h.Ended, &h.Begun) })
	if err != nil {
		r.aborted = true
		return h, false, r.fail("read which transactions are open", nil, err)
	}
	return h, true, nil
}
