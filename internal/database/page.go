package database

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// Place is where a row is in the order of its selection, as the database writes it:
// its moment, and its first tie.
type Place struct{ At, Key string }

// Page asks for rows of a selection in the order of their moments, from one row
// on, so that a table that grows is read piece by piece, each by an index.
type Page struct {
	From *Place // the row after which it begins, which is not in it; nil: from the first
	Back bool   // the latest first
	Rows int    // how many at the most
}

// Page returns a page of a selection, which has a tie. Rows that do not say since
// when are left out.
func (r *Reading) Page(ctx context.Context, s Selection, p Page, fields ...Column) ([]Row, error) {
	q := query{purpose: "read the newest " + s.What, limit: p.Rows, places: true}
	from, whole := r.from(s, &q.args)
	way, than := "", " > "
	if p.Back {
		way, than = " DESC", " < "
	}
	if p.From != nil {
		q.purpose, whole = "read "+s.What+" from one on", false
		word := " AND "
		if !strings.Contains(from, " WHERE ") {
			word = " WHERE "
		}
		from += word + r.beyond(s, than, *p.From, &q.args)
	}
	q.whole = whole
	order := []string{r.dialect.quote(s.Since.Name) + way}
	for _, c := range s.Tie {
		order = append(order, r.dialect.quote(c.Name)+way)
	}
	return r.rows(ctx, q, s, fmt.Sprintf("%s ORDER BY %s LIMIT %d", from, strings.Join(order, ", "), p.Rows), fields)
}

// beyond holds for the rows on the far side of a place. MySQL leads no index by a
// comparison of rows, so that it is told the moment alone, too.
func (r *Reading) beyond(s Selection, than string, p Place, args *[]any) string {
	d := r.dialect
	at, key := d.quote(s.Since.Name), d.quote(s.Tie[0].Name)
	value := func(c Column, text string) string { return writtenBack(d, c, text, args) }
	if _, ok := d.(*mysql); ok {
		return at + strings.TrimRight(than, " ") + "= " + value(s.Since, p.At) +
			" AND (" + at + than + value(s.Since, p.At) + " OR " + key + than + value(s.Tie[0], p.Key) + ")"
	}
	return "(" + at + ", " + key + ")" + than + "(" + value(s.Since, p.At) + ", " + value(s.Tie[0], p.Key) + ")"
}

// place is the expressions for the place of a row.
func (r *Reading) place(s Selection) []string {
	return []string{asWritten(r.dialect, s.Since), asWritten(r.dialect, s.Tie[0])}
}

func binary(c Column) bool {
	return strings.Contains(c.Type, "binary") || strings.Contains(strings.ToLower(c.Type), "blob") || c.Type == "bytea"
}

// literal writes what text made of a value of a column back as such a value.
func literal(d dialect, c Column, text string, args *[]any) string {
	switch value := d.value(text, args); {
	case !binary(c):
		return value
	case d.name() == postgresName:
		return "decode(" + value + ", 'hex')"
	case d.name() == sqliteName:
		if _, err := hex.DecodeString(text); err != nil {
			return value // a column of SQLite may hold anything
		}
		return "x" + value
	default:
		return "unhex(" + value + ")"
	}
}

// Rows returns rows of a selection in any order, at most n.
func (r *Reading) Rows(ctx context.Context, s Selection, n int, fields ...Column) ([]Row, error) {
	q := query{purpose: "read " + s.What, limit: n}
	from, whole := r.from(s, &q.args)
	q.whole = whole
	return r.rows(ctx, q, s, fmt.Sprintf("%s LIMIT %d", from, n), fields)
}

// Now is the moment of the reading on our clock.
func (r *Reading) Now() signal.Instant { return signal.Instant(r.clock.ours) }
