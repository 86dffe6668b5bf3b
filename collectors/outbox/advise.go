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
		columns := append(append(t.fields(), t.createdAt), t.sequence...)
		for _, c := range []*database.Column{t.attempts, t.lastError} {
			if c != nil {
				columns = append(columns, *c)
			}
		}
		if sql := r.db.Grant(t.pending.Table, columns, where...); sql != "" {
			advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: "to read table " + t.pending.Table.String() + " and nothing else", Paste: sql})
		}
	}
	if t := r.table; t != nil && t.position != nil && r.config.Position.Query == "" {
		if sql := r.db.Grant(t.position.from.Table, t.position.columns, t.position.from.Where...); sql != "" {
			advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: "to read the position of the relay and nothing else", Paste: sql})
		}
	}
	if why, sql := r.db.LagGrant(); sql != "" {
		advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: why, Paste: sql})
	}
	return advice
}
