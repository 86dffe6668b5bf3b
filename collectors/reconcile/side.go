package reconcile

import (
	"context"
	"fmt"
	"slices"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// side is one of the two tables in one database: the one that is read, or the primary
// that confirms.
type side struct {
	name   string // left or right
	config *Side
	db     *database.DB
	keyed  *compare.Rows
	order  []dialect.Form // the forms of its key
	clock  database.Clock // as of the beginning of the reading
	origin signal.Origin  // whose data the database shows
	// remedies are what to do about the warnings of the reading.
	remedies []signal.Remedy
	// timeless marks the values that are not timestamps.
	timeless []bool
	dialect  dialect.Dialect
}

// ask runs fn in one short transaction.
func (s *side) ask(ctx context.Context, fn func(*database.Reading) error) error {
	return s.db.Read(ctx, fn)
}

// find looks up the table and its columns. Its error names everything that is missing.
// The result has the side's own forms.
func (s *side) find(ctx context.Context, warn func(string)) error {
	return s.ask(ctx, func(r *database.Reading) error {
		s.clock = r.Clock()
		if w := s.clock.Warning(s.db.Name()); w != "" {
			warn(w)
		}
		defer func() {
			for _, w := range r.Warnings() {
				warn(w)
			}
			s.remedies = r.Remedies()
		}()
		if err := s.describe(ctx, r); err != nil {
			return err
		}
		origin, err := r.Origin(ctx)
		s.origin = origin
		return err
	})
}

func (s *side) describe(ctx context.Context, r *database.Reading) error {
	t, err := r.Table(ctx, s.config.Table)
	if err != nil {
		return err
	}
	var timeless []bool
	k := &compare.Rows{What: "rows of " + t.String(), Table: t}
	columns, named := database.ColumnsOf(t, s.name+".columns."), &s.config.Columns
	k.Key, k.Values = columns.All(named.Key, "key"), columns.All(named.Values, "values")
	k.At, k.Trace = columns.Maybe(named.At, "at"), columns.Maybe(named.Traceparent, "traceparent")
	k.Worth = collectors.WorthOf(columns, named.Amount, named.Currency)
	if s.config.Where != "" {
		k.Where = []database.Condition{database.Matches(s.config.Where)}
	}
	for _, c := range k.Key {
		k.KeyForms = append(k.KeyForms, r.Form(c))
	}
	for _, c := range k.Values {
		k.ValueForms = append(k.ValueForms, r.Form(c))
		timeless = append(timeless, !r.HoldsTime(c))
	}
	if err := columns.Missing(); err != nil {
		return fmt.Errorf("read table %s: %w", s.config.Table, err)
	}
	s.keyed, s.order, s.timeless, s.dialect = k, k.KeyForms, timeless, r.Dialect()
	return nil
}

// comparable refuses values that are timestamps on one side and text on the other, where
// the database does not know which moment a text means: every row would differ.
func comparable(sides []*side) error {
	var errs []error
	for i, form := range sides[0].keyed.ValueForms {
		for _, s := range sides {
			if form == dialect.Moment && s.timeless[i] {
				errs = append(errs, fmt.Errorf("column %s of table %s is text and cannot be compared with the timestamps of the other side; name columns that both hold timestamps, or remove it (%s.columns.values[%d] in the config)",
					s.keyed.Values[i].Name, s.keyed.Table, s.name, i))
			}
		}
	}
	return database.Join(errs...)
}

// agreeOnKeys has two keys count as one where the databases of all sides say so. Where one
// of them minds the case, case matters: it may hold both as two orders.
func agreeOnKeys(sides []*side) {
	fold := func(key database.Key) string {
		var all database.Key
		for _, s := range sides {
			all = append(all, s.keyed.Folded(s.dialect, key)...)
		}
		return all.ID()
	}
	anyCase := make([]bool, len(sides[0].keyed.Key))
	for i := range anyCase {
		anyCase[i] = !slices.ContainsFunc(sides, func(s *side) bool {
			return s.keyed.KeyForms[i] != dialect.Text || !dialect.IgnoresCase(s.dialect, s.keyed.Key[i])
		})
	}
	for _, s := range sides {
		s.keyed.Fold, s.keyed.AnyCase = fold, anyCase
	}
}

// agree gives all sides the forms that they have in common, and reports whether their
// keys have the same order.
func agree(sides []*side) (sorted bool) {
	sorted = true
	first := sides[0]
	for i := range first.order {
		form := first.order[i]
		for _, s := range sides[1:] {
			sorted = sorted && dialect.SameOrder(first.order[i], s.order[i])
			form = dialect.Common(form, s.order[i])
		}
		for _, s := range sides {
			s.keyed.KeyForms[i] = form
		}
	}
	for i := range first.keyed.ValueForms {
		form := first.keyed.ValueForms[i]
		for _, s := range sides[1:] {
			form = dialect.Common(form, s.keyed.ValueForms[i])
		}
		for _, s := range sides {
			s.keyed.ValueForms[i] = form
		}
	}
	return sorted
}
