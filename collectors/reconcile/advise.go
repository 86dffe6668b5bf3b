package reconcile

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
)

// Advise lists the rights that the queries need in each database.
func (r *reader) Advise(ctx context.Context) []collectors.Advice {
	var advice []collectors.Advice
	for _, s := range r.sides {
		if s == nil {
			continue
		}
		advice = append(advice, collectors.Warnings(s.db.Excess(ctx))...)
		if s.keyed == nil {
			s.db.Unseen(func(r *database.Reading) error { return s.describe(ctx, r) })
		}
		if s.keyed == nil {
			continue
		}
		k := s.keyed
		columns := slices.Concat(k.Key, k.Values, k.Worth.Columns())
		for _, c := range []*database.Column{k.At, k.Trace} {
			if c != nil {
				columns = append(columns, *c)
			}
		}
		advice = append(advice, collectors.GrantOf(s.db.ToRead(k.Table), s.db.Grant(k.Table, columns, k.Where...))...)
		why, sql := s.db.LagGrant()
		advice = append(advice, collectors.GrantOf("in database "+s.db.Name()+", "+why, sql)...)
	}
	return advice
}
