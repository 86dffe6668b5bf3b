package database

import (
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Listing is SQL that lists the rows of a selection that have waited for longer than a time, or
// all of them, the oldest first. It has no arguments, so that a person can run it as it is. The
// time is that of the reading. It is empty where no SQL can do that.
func (r *Reading) Listing(s Selection, longest time.Duration, fields ...Column) string {
	p := Reading{db: r.db, dialect: printed{r.dialect}, clock: r.clock}
	m, err := p.moments(s)
	if err != nil || longest > 0 && !r.clock.dated() {
		return ""
	}
	var names []string
	for _, f := range append(slices.Clone(fields), s.Since) {
		names = append(names, r.dialect.Quote(f.Name))
	}
	var args []any
	from, whole := p.waiting(s, fields, &args)
	if len(args) > 0 { // a position, which is written in a way of its own
		return ""
	}
	if longest > 0 {
		joint := " AND "
		if whole {
			joint = " WHERE "
		}
		from += joint + m.Expression + " < " + m.At(r.clock.Before(longest))
	}
	return "SELECT " + strings.Join(dialect.Unique(names), ", ") + " " + from + " " + orderBy(r.dialect, s.order())
}

// Printed is a dialect that writes values into the text in place of arguments, for SQL that
// people run.
func Printed(d dialect.Dialect) dialect.Dialect { return printed{d} }

// printed is a dialect that writes values into the text in place of arguments.
type printed struct{ dialect.Dialect }

func (p printed) Value(v string, _ *[]any) string { return p.Print(v) }

func (p printed) Literal(c Column, text string, _ *[]any) string {
	var args []any
	written := p.Dialect.Literal(c, text, &args)
	if len(args) == 0 { // it is written already
		return written
	}
	var none []any
	return strings.Replace(written, p.Dialect.Value(text, &none), p.Print(text), 1)
}
