package reconcile

import (
	"time"

	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/signal"
)

// listing is the SQL that lists all mismatches of a kind. It is empty where the sides are in
// different databases, and where only values differ.
func (r *reader) listing(kind signal.MismatchKind) string {
	l, s := r.sides[left], r.sides[right]
	if l.config.Database != s.config.Database {
		return ""
	}
	of := compare.Lister{Dialect: l.dialect, Clock: l.clock, Grace: time.Duration(r.config.Grace)}
	switch kind {
	case signal.MissingRight:
		return of.Without(l.keyed, s.keyed, false)
	case signal.MissingLeft:
		return of.Without(s.keyed, l.keyed, true)
	case signal.Duplicate:
		return of.Several(s.keyed, l.keyed)
	case signal.Different:
	}
	return ""
}
