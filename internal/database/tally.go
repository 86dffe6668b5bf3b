package database

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

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

// Known reports whether the rows were counted at all.
func (t *Tally) Known() bool { return t.Rows.Count.Known() }

// Tally counts the rows of a selection, reading the oldest of them up to the cap.
// With a longest time, it counts those that have waited for longer. Further
// conditions are counted among the rows that were read. With an error the tally
// may still be known: then only the undated rows are missing from it.
func (r *Reading) Tally(ctx context.Context, s Selection, limit int, longest time.Duration, also ...Condition) (Tally, error) {
	q := query{purpose: "count " + s.What, table: s.Table, where: s.Where, limit: limit + 1}
	unknown := Tally{Rows: Capped{Count: signal.Unknown}}
	millis, err := r.millis(s)
	if err != nil {
		return unknown, &failure{doing: q.purpose, reason: err.Error(), cause: err}
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
	q.sql = fmt.Sprintf("SELECT %s FROM (SELECT %s %s %s LIMIT %d) AS oldest",
		strings.Join(outer, ", "), strings.Join(inner, ", "), from, orderBy(r.dialect, leading(s)), limit+1)

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
		return unknown, err
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
	n, err := r.count(ctx, undated, limit, s.index(r.dialect))
	if err != nil {
		return t, err
	}
	t.Undated = n
	t.Rows = Capped{min(t.Rows.Count+t.Undated.Count, signal.Count(limit)), t.Rows.Capped || t.Undated.Capped || int64(t.Rows.Count+t.Undated.Count) > int64(limit)}
	return t, nil
}

// leading are the columns that order the rows that are counted: without those of the
// same moment, of which any will do.
func leading(s Selection) []Column {
	if len(s.Order) > 0 {
		return s.Order
	}
	return []Column{s.Since}
}

// Count counts rows for which all conditions hold, up to a cap.
func (r *Reading) Count(ctx context.Context, s Selection, limit int) (Capped, error) {
	return r.count(ctx, s, limit, s.index(r.dialect))
}

func (r *Reading) count(ctx context.Context, s Selection, limit int, x index) (Capped, error) {
	q := query{purpose: "count " + s.What, table: s.Table, where: s.Where, limit: limit + 1, whole: len(s.Where) == 0, index: x}
	from := "FROM " + r.quoteTable(s.Table)
	if !q.whole {
		from += " WHERE " + renderAll(s.Where, r.dialect, &q.args)
	}
	q.sql = fmt.Sprintf("SELECT count(*) FROM (SELECT 1 AS one %s LIMIT %d) AS counted", from, limit+1)
	var n int64
	err := r.run(ctx, q, func(from *sql.Rows) error { return from.Scan(&n) })
	return capped(n, limit), err
}

// String is the count, or that there are more.
func (c Capped) String() string {
	if c.Capped {
		return "more than " + strconv.FormatInt(int64(c.Count), 10)
	}
	return strconv.FormatInt(int64(c.Count), 10)
}
