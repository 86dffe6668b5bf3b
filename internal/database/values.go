package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// After holds for rows behind a position in the order of some columns, such as the position
// of a relay, written as Values reads it.
func After(columns []Column, position []string) Condition {
	return Condition{kind: isAfter, columns: columns, values: position}
}

// inRange holds for rows after one position and no later than another, in the order of one
// column.
func inRange(c Column, after, upTo string) Condition {
	return Condition{kind: isInRange, column: c, values: []string{after, upTo}}
}

// Values reads columns of rows as the database writes them, at most n rows.
func (r *Reading) Values(ctx context.Context, s Selection, n int, columns ...Column) ([][]Value, error) {
	q := dialect.Query{Purpose: "read " + s.What, Table: s.Table, About: about(s), Whole: len(s.Where) == 0}
	q.Index = dialect.Index{Table: s.Table, Columns: dialect.Unique(q.About), Price: "every insert and every update of it also writes to it"}
	q.Index.Full = q.Index.Columns
	fields := make([]string, len(columns))
	for i, c := range columns {
		// Named, or ORDER BY would take the text of a column for the column itself.
		fields[i] = fmt.Sprintf("%s AS lostorder_%d", asWritten(r.dialect, c), i)
	}
	q.SQL = "SELECT " + strings.Join(fields, ", ") + " FROM " + r.From(s.Table)
	if !q.Whole {
		q.SQL += " WHERE " + All(s.Where, r.dialect, &q.Args)
	}
	if len(s.Order) > 0 {
		q.Index = s.index(r.dialect)
		q.SQL += " " + orderBy(r.dialect, s.Order) + " DESC"
	}
	q.SQL += fmt.Sprintf(" LIMIT %d", n)
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

// asWritten is an expression for a column as the database writes it, NULL for NULL.
func asWritten(d dialect.Dialect, c Column) string {
	return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s END", d.Quote(c.Name), d.Raw(c))
}
