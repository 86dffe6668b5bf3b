package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Selection is rows of one table that wait, and since when.
type Selection struct {
	What  string // for messages, in the plural: "pending rows"
	Table *Table
	Where []Condition // all must hold; none: every row
	Since Column      // the moment since which a row waits
	Tie   []Column    // what orders rows of the same moment
}

// Row is one row that waits.
type Row struct {
	Since  signal.Instant // on our clock; unknown when it is no time
	Fields []string       // the columns that were asked for, as text; NULL is empty
}

// Oldest returns the rows that have waited longest, oldest first, without those
// that do not say since when.
func (r *Reading) Oldest(ctx context.Context, s Selection, n int, fields ...Column) ([]Row, error) {
	q := query{purpose: "read the oldest " + s.What, table: s.Table, limit: n}
	millis, err := r.millis(s)
	if err != nil {
		return nil, &failure{doing: q.purpose, reason: err.Error(), cause: err}
	}
	columns := []string{millis}
	for _, f := range fields {
		columns = append(columns, r.dialect.text(f))
	}
	order := []string{r.dialect.quote(s.Since.Name)}
	for _, c := range s.Tie {
		order = append(order, r.dialect.quote(c.Name))
	}
	from, whole := r.from(s, &q.args)
	q.whole = whole
	q.index = s.index(r.dialect)
	q.sql = fmt.Sprintf("SELECT %s %s ORDER BY %s LIMIT %d", strings.Join(columns, ", "), from, strings.Join(order, ", "), n)

	var rows []Row
	err = r.run(ctx, q, func(from *sql.Rows) error {
		var at sql.NullInt64
		texts := make([]sql.NullString, len(fields))
		into := []any{&at}
		for i := range texts {
			into = append(into, &texts[i])
		}
		if err := from.Scan(into...); err != nil {
			return err
		}
		row := Row{Fields: make([]string, len(fields))}
		if at.Valid {
			row.Since = r.clock.instant(at.Int64)
		}
		for i, text := range texts {
			row.Fields[i] = text.String
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// Tally is what the oldest rows of a selection count, up to a cap.
type Tally struct {
	Rows    Capped         // that wait, with or without a moment
	Late    Capped         // that have waited for longer than they may
	Oldest  signal.Instant // since when the oldest has waited, on our clock
	Undated Capped         // that do not say since when: NULL
	Unread  Capped         // whose moment is no time
	Future  Capped         // whose moment lies more than five seconds ahead
	Ahead   time.Duration  // how far the latest lies ahead
	Also    []Capped       // for which each further condition holds
}

// Capped is a count that stops at a cap.
type Capped struct {
	Count  signal.Count
	Capped bool // there may be more
}

func capped(n int64, limit int) Capped {
	return Capped{signal.Count(min(n, int64(limit))), n > int64(limit)}
}

// Tally counts the rows of a selection, reading the oldest of them up to the cap.
// With a max, it counts those that have waited for longer. Further conditions are
// counted among the rows that were read.
func (r *Reading) Tally(ctx context.Context, s Selection, limit int, longest time.Duration, also ...Condition) (Tally, error) {
	q := query{purpose: "count " + s.What, table: s.Table, limit: limit + 1}
	millis, err := r.millis(s)
	if err != nil {
		return Tally{}, &failure{doing: q.purpose, reason: err.Error(), cause: err}
	}
	inner := []string{millis + " AS ms"}
	outer := []string{
		"count(*)", "count(ms)", "min(ms)", "max(ms)",
		fmt.Sprintf("coalesce(sum(CASE WHEN ms > %d THEN 1 ELSE 0 END), 0)", r.clock.now()+tolerance.Milliseconds()),
		fmt.Sprintf("coalesce(sum(CASE WHEN ms < %d THEN 1 ELSE 0 END), 0)", r.clock.before(longest)),
	}
	for i, c := range also {
		inner = append(inner, fmt.Sprintf("CASE WHEN %s THEN 1 ELSE 0 END AS also%d", c.render(r.dialect, &q.args), i))
		outer = append(outer, fmt.Sprintf("coalesce(sum(also%d), 0)", i))
	}
	from, whole := r.from(s, &q.args)
	q.whole = whole
	q.index = s.index(r.dialect)
	q.sql = fmt.Sprintf("SELECT %s FROM (SELECT %s %s ORDER BY %s LIMIT %d) AS oldest",
		strings.Join(outer, ", "), strings.Join(inner, ", "), from, r.dialect.quote(s.Since.Name), limit+1)

	var rows, dated, future, late int64
	var first, last sql.NullInt64
	counts := make([]int64, len(also))
	err = r.run(ctx, q, func(from *sql.Rows) error {
		into := []any{&rows, &dated, &first, &last, &future, &late}
		for i := range counts {
			into = append(into, &counts[i])
		}
		return from.Scan(into...)
	})
	if err != nil {
		return Tally{}, err
	}
	t := Tally{
		Rows: capped(rows, limit), Unread: capped(rows-dated, limit), Future: capped(future, limit),
		Also: make([]Capped, len(also)),
	}
	if longest > 0 {
		t.Late = capped(late, limit)
	}
	for i, n := range counts {
		// Among capped rows there may be more of these too.
		t.Also[i] = Capped{signal.Count(min(n, int64(limit))), t.Rows.Capped}
	}
	if first.Valid {
		t.Oldest = r.clock.instant(first.Int64)
	}
	if future > 0 {
		t.Ahead = time.Duration(last.Int64-r.clock.now()) * time.Millisecond
	}
	if !s.Since.Nullable {
		return t, nil
	}
	undated := s
	undated.What = s.What + " whose " + s.Since.Name + " is NULL"
	undated.Where = append(append([]Condition{}, s.Where...), IsNull(s.Since))
	if t.Undated, err = r.count(ctx, undated, limit, s.index(r.dialect)); err != nil {
		return t, err
	}
	t.Rows = Capped{min(t.Rows.Count+t.Undated.Count, signal.Count(limit)), t.Rows.Capped || t.Undated.Capped || int64(t.Rows.Count+t.Undated.Count) > int64(limit)}
	return t, nil
}

// Count counts rows for which all conditions hold, up to a cap.
func (r *Reading) Count(ctx context.Context, s Selection, limit int) (Capped, error) {
	return r.count(ctx, s, limit, s.index(r.dialect))
}

func (r *Reading) count(ctx context.Context, s Selection, limit int, x index) (Capped, error) {
	q := query{purpose: "count " + s.What, table: s.Table, limit: limit + 1, whole: len(s.Where) == 0, index: x}
	from := "FROM " + r.quoteTable(s.Table)
	if !q.whole {
		from += " WHERE " + renderAll(s.Where, r.dialect, &q.args)
	}
	q.sql = fmt.Sprintf("SELECT count(*) FROM (SELECT 1 AS one %s LIMIT %d) AS counted", from, limit+1)
	var n int64
	err := r.run(ctx, q, func(from *sql.Rows) error { return from.Scan(&n) })
	return capped(n, limit), err
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
