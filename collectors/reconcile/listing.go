package reconcile

import (
	"fmt"
	"math/big"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// listing is the SQL that lists all mismatches of a kind. Where the sides are in different
// databases it is a statement for each, with a sentence how to compare their results.
func (r *reader) listing(kind signal.MismatchKind) string {
	l, s := r.sides[left], r.sides[right]
	if l.config.Database != s.config.Database {
		return r.listings(kind)
	}
	of := r.lister(left)
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

func (r *reader) lister(side int) compare.Lister {
	s := r.sides[side]
	return compare.Lister{Dialect: s.dialect, Clock: s.clock, Grace: time.Duration(r.config.Grace)}
}

// listings is a statement for each of two databases.
func (r *reader) listings(kind signal.MismatchKind) string {
	first, second := left, right
	var lists [2]compare.Part
	how := "A key of the first result that is not in the second one is missing there: comm -23 <(sort first) <(sort second)"
	switch kind {
	case signal.MissingRight:
		lists = [2]compare.Part{{Conditions: true, Aged: true}, {Conditions: true}}
	case signal.MissingLeft:
		first, second = right, left
		lists = [2]compare.Part{{Conditions: true, Aged: true}, {}}
	case signal.Duplicate:
		first, second = right, left
		lists = [2]compare.Part{{Conditions: true, Aged: true, Several: true}, {}}
		how = "A key that is in both results has several rows: comm -12 <(sort first) <(sort second)"
	case signal.Different:
		lists = [2]compare.Part{{Conditions: true, Aged: true, Values: true}, {Conditions: true, Values: true}}
		how = "A line of the first result that is not in the second one differs there, or is missing: comm -23 <(sort first) <(sort second)"
	default:
		return ""
	}
	from, to := r.span(kind)
	var statements [2]string
	for i, side := range [2]int{first, second} {
		lists[i].Rows, lists[i].From, lists[i].To = r.sides[side].keyed, from, to
		if statements[i] = r.lister(side).Keys(lists[i]); statements[i] == "" {
			return ""
		}
	}
	return fmt.Sprintf("-- %s\n-- first, in database %s:\n%s;\n-- second, in database %s:\n%s",
		how, r.sides[first].config.Database, statements[0], r.sides[second].config.Database, statements[1])
}

// span returns the least and the greatest key of the confirmed mismatches of a kind, where all
// are known and keys are numbers: two databases may sort texts differently.
func (r *reader) span(kind signal.MismatchKind) (from, to database.Key) {
	if forms := r.sides[left].keyed.KeyForms; len(forms) != 1 || forms[0] != dialect.Integer || r.suspects.full {
		return nil, nil
	}
	var least, greatest *big.Int
	for _, c := range r.suspects.all {
		if c.confirmed.IsZero() || c.found.kind != kind {
			continue
		}
		n, ok := new(big.Int).SetString(c.key[0], 10)
		if !ok {
			return nil, nil
		}
		if least == nil || n.Cmp(least) < 0 {
			least, from = n, c.key
		}
		if greatest == nil || n.Cmp(greatest) > 0 {
			greatest, to = n, c.key
		}
	}
	return from, to
}
