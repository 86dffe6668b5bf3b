package database

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Tally is what the oldest rows of a selection count, up to a cap.
type Tally struct {
	Rows    Capped         // that wait, with or without a moment
	Late    Capped         // that have waited longer than allowed; unknown for a replica whose lag is unknown
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
	questions, tally := r.tally(s, limit, longest, also...)
	r.together(ctx, questions...)
	return tally()
}

// tally is the questions for a Tally, and what makes one of their answers.
func (r *Reading) tally(s Selection, limit int, longest time.Duration, also ...Condition) ([]*question, func() (Tally, error)) {
	q := dialect.Query{Purpose: "count " + s.What, Table: s.Table, About: about(s)}
	m, err := r.moments(s)
	ready := s.ready(r.dialect, &q.Args)
	moment, where := m.Expression, ""
	if len(s.Held) > 0 {
		moment, where = fmt.Sprintf("CASE WHEN %s = 1 THEN %s END", ready, moment), ready+" = 1 AND "
	}
	inner := []string{moment + " AS moment", ready + " AS ready", s.notDue(r.dialect, &q.Args) + " AS not_due"}
	outer := []string{
		"count(*)", "coalesce(sum(not_due), 0)", "coalesce(sum(ready), 0)", "count(moment)", m.Millis("min(moment)"), m.Millis("max(moment)"),
		fmt.Sprintf("count(CASE WHEN moment > %s THEN 1 END)", m.At(r.clock.now()+dialect.ClockTolerance.Milliseconds())),
		fmt.Sprintf("count(CASE WHEN moment < %s THEN 1 END)", m.At(r.clock.Before(longest))),
	}
	for i, c := range also {
		inner = append(inner, fmt.Sprintf("CASE WHEN %s%s THEN 1 ELSE 0 END AS also%d", where, c.render(r.dialect, &q.Args), i))
		outer = append(outer, fmt.Sprintf("coalesce(sum(also%d), 0)", i))
	}
	from, whole := r.from(s, &q.Args)
	q.Whole = whole
	q.Index = s.index(r.dialect)
	q.SQL = fmt.Sprintf("SELECT %s FROM (SELECT %s %s %s LIMIT %d) AS oldest",
		strings.Join(outer, ", "), strings.Join(inner, ", "), from, orderBy(r.dialect, leading(s)), limit+1)

	var read, notDue, rows, dated, future, late int64
	var first, last sql.NullInt64
	counts := make([]int64, len(also))
	main := &question{err: failed(q, err), Question: dialect.Question{Query: q, Take: func(from dialect.Row) error {
		into := []any{&read, &notDue, &rows, &dated, &first, &last, &future, &late}
		for i := range counts {
			into = append(into, &counts[i])
		}
		return from.Scan(into...)
	}}}
	questions := []*question{main}
	var undated int64
	if s.Since.Nullable {
		questions = append(questions, r.countOf(s.Undated(), limit, q.Index, &undated).after(main))
	}
	return questions, func() (Tally, error) {
		if main.err != nil {
			return Tally{Rows: Capped{Count: signal.Unknown}}, main.err
		}
		t := Tally{
			Rows: capped(rows, limit), Unread: capped(rows-dated, limit), Future: capped(future, limit),
			Also: make([]Capped, len(also)),
		}
		switch {
		case longest > 0 && !r.clock.dated():
			t.Late = Capped{Count: signal.Unknown}
		case longest > 0:
			t.Late = capped(late, limit)
		}
		for i, n := range counts {
			// Among capped rows there may be more of these too.
			t.Also[i] = Capped{signal.Count(min(n, int64(limit))), t.Rows.Capped}
		}
		if first.Valid {
			t.Oldest = r.clock.Instant(first.Int64)
		}
		if future > 0 {
			t.Ahead = time.Duration(last.Int64-r.clock.now()) * time.Millisecond
		}
		for _, q := range questions[1:] {
			if q.err != nil {
				return t, q.err
			}
		}
		t.Undated = capped(undated, limit)
		t.Rows = capped(rows+undated, limit)
		// Rows beyond the cap may wait, too, unless they come after one that is not due.
		t.Rows.Capped = t.Rows.Capped || read > int64(limit) && notDue == 0
		return t, nil
	}
}

// Ages counts the rows of a selection that have waited no longer than each of some
// times, and then all that say since when: the oldest of them, up to the cap.
func (r *Reading) Ages(ctx context.Context, s Selection, limit int, ages []time.Duration) (counts []int64, capped bool, err error) {
	q := dialect.Query{Purpose: "count by age " + s.What, Table: s.Table, About: about(s), Index: s.index(r.dialect)}
	if !r.clock.dated() {
		return nil, false, fmt.Errorf("%s: as of when the read replica shows them is not known", q.Purpose)
	}
	m, err := r.moments(s)
	var columns []string
	for _, age := range ages {
		columns = append(columns, "count(CASE WHEN moment >= "+m.At(r.clock.Before(age))+" THEN 1 END)")
	}
	from, whole := r.from(s, &q.Args)
	q.Whole = whole
	q.SQL = fmt.Sprintf("SELECT %s FROM (SELECT %s AS moment %s %s LIMIT %d) AS oldest",
		strings.Join(append(columns, "count(moment)"), ", "), m.Expression, from, orderBy(r.dialect, leading(s)), limit+1)
	counts = make([]int64, len(ages)+1)
	one := &question{err: failed(q, err), Question: dialect.Question{Query: q, Take: func(from dialect.Row) error {
		into := make([]any, len(counts))
		for i := range counts {
			into[i] = &counts[i]
		}
		return from.Scan(into...)
	}}}
	r.together(ctx, one)
	return counts, counts[len(ages)] > int64(limit), one.err
}

// moments is how moments of a selection are compared.
func (r *Reading) moments(s Selection) (dialect.Moments, error) {
	m, ok := r.dialect.Moments(s.Since)
	if ok && s.Due != nil {
		later, err := r.millis(s)
		m, _ = dialect.MomentsInMillis(r.dialect, s.Since)
		m.Expression = later
		return m, err
	}
	if !ok {
		// The query is not asked, but its text is made before that.
		none := func(string) string { return "" }
		return dialect.Moments{Millis: none, At: func(int64) string { return "" }}, NoMoments(s.Table, s.Since)
	}
	return m, nil
}

// leading are the columns that order the rows that are counted: without those of the
// same moment, which may come in any order.
func leading(s Selection) []Column {
	if len(s.Order) > 0 {
		return s.Order
	}
	return []Column{s.Since}
}

// Count counts rows for which all conditions hold, up to a cap.
func (r *Reading) Count(ctx context.Context, s Selection, limit int) (Capped, error) {
	var n int64
	q := r.countOf(s, limit, s.index(r.dialect), &n)
	r.together(ctx, q)
	return capped(n, limit), q.err
}

func (r *Reading) countOf(s Selection, limit int, x dialect.Index, n *int64) *question {
	q := dialect.Query{Purpose: "count " + s.What, Table: s.Table, About: about(s), Whole: len(s.Where) == 0, Index: x}
	from := "FROM " + r.From(s.Table)
	if !q.Whole {
		from += " WHERE " + All(s.Where, r.dialect, &q.Args)
	}
	q.SQL = fmt.Sprintf("SELECT count(*) FROM (SELECT 1 AS one %s LIMIT %d) AS counted", from, limit+1)
	return &question{Question: dialect.Question{Query: q, Take: func(from dialect.Row) error { return from.Scan(n) }}}
}

// String is the count, or that there are more.
func (c Capped) String() string {
	if c.Capped {
		return "more than " + strconv.FormatInt(int64(c.Count), 10)
	}
	return strconv.FormatInt(int64(c.Count), 10)
}
