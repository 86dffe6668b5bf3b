package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Described is a table with what the database says about its rows.
type Described = dialect.Described

// ForeignKey says that columns name a row of another table.
type ForeignKey = dialect.ForeignKey

// Survey describes the tables that the user may see, at most limit of them. It reads no row.
func (r *Reading) Survey(ctx context.Context, limit int) ([]*Described, error) {
	d, ok := r.dialect.(dialect.Surveyor)
	if !ok {
		return nil, fmt.Errorf("list tables: %s cannot describe all of its tables", r.dialect.Name())
	}
	tables, err := d.Survey(ctx, transaction{r}, limit)
	if err != nil {
		return nil, r.broken("list tables", err)
	}
	return tables, nil
}

// Slots lists the replication slots that a relay can read; none where there are no slots.
func (r *Reading) Slots(ctx context.Context) ([]string, error) {
	d, ok := r.dialect.(dialect.Slots)
	if !ok {
		return nil, nil
	}
	names, err := d.SlotNames(ctx, transaction{r})
	if err != nil {
		return nil, r.broken("list replication slots", err)
	}
	return names, nil
}

// HasBinlog reports whether the database has a binary log.
func (r *Reading) HasBinlog() bool {
	_, ok := r.dialect.(dialect.Binlogs)
	return ok
}

// Datum is one value of a row, and the moment that it is where it may be one.
type Datum struct {
	Value
	At signal.Instant // on our clock; unknown where it is no moment
}

// Wanted is a column to read.
type Wanted struct {
	Column
	Moment bool // its values may be moments
}

// Newest reads columns of a table, the last rows first in the order of some columns, at most
// n rows. Without columns for the order the rows come in any order. Text is cut after a
// few hundred characters.
func (r *Reading) Newest(ctx context.Context, t *Table, order []Column, n int, columns ...Wanted) ([][]Datum, error) {
	q := dialect.Query{Purpose: "read the latest rows by " + named(order), Table: t, Whole: true}
	q.Index = dialect.Index{Table: t, Price: "every insert also writes to it"}
	for _, c := range order {
		q.Index.Columns = append(q.Index.Columns, c.Name)
	}
	q.Index.Full = q.Index.Columns
	return r.data(ctx, q, "", fmt.Sprintf(" %s LIMIT %d", descending(r.dialect, order), n), columns)
}

// Matching reads columns of the rows of a table that a condition chooses, at most n rows.
func (r *Reading) Matching(ctx context.Context, t *Table, where Condition, n int, columns ...Wanted) ([][]Datum, error) {
	q := dialect.Query{Purpose: "read rows by " + strings.Join(where.about(t), ", "), Table: t, About: where.about(t)}
	q.Index = dialect.Index{Table: t, Columns: q.About, Full: q.About, Price: "every insert also writes to it"}
	return r.data(ctx, q, " WHERE "+where.render(r.dialect, &q.Args), fmt.Sprintf(" LIMIT %d", n), columns)
}

// longestDatum is how many characters of a text are read.
const longestDatum = 300

func (r *Reading) data(ctx context.Context, q dialect.Query, where, tail string, columns []Wanted) (all [][]Datum, err error) {
	var fields []string
	for i, c := range columns {
		fields = append(fields, fmt.Sprintf("substr(%s, 1, %d) AS lostorder_%d", r.dialect.Text(c.Column), longestDatum, 2*i))
		millis, ok := r.dialect.Millis(c.Column)
		if !ok || !c.Moment {
			millis = "NULL"
		}
		fields = append(fields, fmt.Sprintf("%s AS lostorder_%d", millis, 2*i+1))
	}
	q.SQL = "SELECT " + strings.Join(fields, ", ") + " FROM " + r.From(q.Table) + where + tail
	err = r.run(ctx, q, func(rows *sql.Rows) error {
		texts, moments := make([]sql.NullString, len(columns)), make([]sql.NullInt64, len(columns))
		into := make([]any, 0, 2*len(columns))
		for i := range columns {
			into = append(into, &texts[i], &moments[i])
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make([]Datum, len(columns))
		for i := range row {
			row[i].Value = Value{texts[i].String, !texts[i].Valid}
			if moments[i].Valid {
				row[i].At = r.clock.Instant(moments[i].Int64)
			}
		}
		all = append(all, row)
		return nil
	})
	return all, err
}

func named(columns []Column) string {
	if len(columns) == 0 {
		return "nothing"
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func descending(d dialect.Dialect, columns []Column) string {
	if len(columns) == 0 {
		return ""
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = d.Quote(c.Name) + " DESC"
	}
	return "ORDER BY " + strings.Join(names, ", ")
}
