package database

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Place is where a row is in the order of its selection, as the database writes it:
// its moment, and the ID of its ties; without the latter, behind all of the moment.
type Place struct{ At, Key string }

// Page asks for rows of a selection in the order of their moments, from one row
// on, so that a table that grows is read piece by piece, each by an index.
type Page struct {
	From *Place // the row after which it begins, which is not in it; nil: from the first
	Back bool   // the latest first
	Rows int    // how many at the most
}

// Paged is the rows of a page.
type Paged struct {
	Rows    []Row
	Next    *Place // the row after which the next page begins; nil: there is none
	Keyless int    // rows that are left out: with a tie of NULL, or an empty one, they are in no order
}

// Page returns a page of a selection, which has a tie. Rows that do not say since
// when are left out.
func (r *Reading) Page(ctx context.Context, s Selection, p Page, fields ...Column) (Paged, error) {
	q := dialect.Query{Purpose: "read the newest " + s.What}
	from, whole := r.from(s, &q.Args)
	way, than := "", " > "
	if p.Back {
		way, than = " DESC", " < "
	}
	if p.From != nil {
		q.Purpose, whole = "read "+s.What+" from one on", false
		word := " AND "
		if !strings.Contains(from, " WHERE ") {
			word = " WHERE "
		}
		order, place := []Column{s.Since}, []string{p.From.At}
		if p.From.Key != "" {
			order, place = append(order, s.Tie...), append(place, KeyOf(p.From.Key, len(s.Tie))...)
		}
		from += word + r.dialect.Beyond(order, than, place, &q.Args)
	}
	q.Whole = whole
	order := []string{r.dialect.Quote(s.Since.Name) + way}
	for _, c := range s.Tie {
		order = append(order, r.dialect.Quote(c.Name)+way)
	}
	rows, err := r.rows(ctx, q, s, []string{from}, fmt.Sprintf(" ORDER BY %s LIMIT %d", strings.Join(order, ", "), p.Rows), fields, true)
	return paged(rows, p.Rows), err
}

// paged leaves out rows without a key. After a page of nothing else the next begins
// with another moment.
func paged(rows []Row, full int) Paged {
	p := Paged{Rows: make([]Row, 0, len(rows))}
	for _, row := range rows {
		if row.Place.Key == "" {
			p.Keyless++
			continue
		}
		p.Rows = append(p.Rows, row)
	}
	switch n := len(p.Rows); {
	case len(rows) < full:
	case n > 0:
		last := p.Rows[n-1].Place // of its own, for the rows belong to who asked
		p.Next = &last
	default:
		p.Next = &Place{At: rows[len(rows)-1].Place.At}
	}
	return p
}

// place is the expressions for the place of a row.
func (r *Reading) place(s Selection) []string {
	texts := []string{asWritten(r.dialect, s.Since)}
	for _, c := range s.Tie {
		texts = append(texts, asWritten(r.dialect, c))
	}
	return texts
}

// Rows returns rows of a selection in any order, at most n.
func (r *Reading) Rows(ctx context.Context, s Selection, n int, fields ...Column) ([]Row, error) {
	q := dialect.Query{Purpose: "read " + s.What}
	var from []string
	for _, one := range s.oneByOne() {
		text, whole := r.from(one, &q.Args)
		from, q.Whole = append(from, text), whole
	}
	return r.rows(ctx, q, s, from, fmt.Sprintf(" LIMIT %d", n), fields, false)
}

// oneByOne is a selection for each key of several columns that it is about: an index
// leads to each of them, while not every server takes one for all together.
func (s Selection) oneByOne() []Selection {
	at := slices.IndexFunc(s.Where, func(c Condition) bool { return c.kind == isOneOfKeys })
	if at < 0 {
		return []Selection{s}
	}
	var all []Selection
	for _, id := range s.Where[at].values {
		one := s
		one.Where = slices.Clone(s.Where)
		one.Where[at].values = []string{id}
		all = append(all, one)
	}
	return all
}

// Now is the moment of the reading on our clock.
func (r *Reading) Now() signal.Instant { return signal.Instant(r.clock.ours) }
