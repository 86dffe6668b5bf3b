package outbox

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
)

// Advise says which rights the queries need.
func (r *reader) Advise(context.Context) []collectors.Advice {
	var advice []collectors.Advice
	if t := r.table; t != nil {
		where := t.pending.Where
		if t.failed != nil {
			where = append(slices.Clip(where), t.failed.Where...)
		}
		columns := append(t.fields(), t.createdAt)
		for _, c := range []*database.Column{t.attempts, t.lastError} {
			if c != nil {
				columns = append(columns, *c)
			}
		}
		if sql := r.db.Grant(t.pending.Table, columns, where...); sql != "" {
			advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: "to read table " + t.pending.Table.String() + " and nothing else", Paste: sql})
		}
	}
	return advice
}
