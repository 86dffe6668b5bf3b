package outbox

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
)

// Advise lists the rights that the queries need, and those that the user has beyond them.
func (r *reader) Advise(ctx context.Context) []collectors.Advice {
	return append(collectors.Warnings(r.db.Excess(ctx)), r.grants(ctx)...)
}

func (r *reader) grants(ctx context.Context) []collectors.Advice {
	if r.config.Slot != "" {
		return r.grantOfSlot()
	}
	if r.config.BinlogUser != "" {
		return r.grantsOfBinlog()
	}
	t := r.table
	if t == nil {
		r.db.Unseen(func(in *database.Reading) (err error) {
			t, err = find(ctx, in, &r.config, &r.preset)
			return err
		})
	}
	if t == nil {
		return nil
	}
	where := t.pending.Where
	if t.failed != nil {
		where = append(slices.Clip(where), t.failed.Where...)
	}
	columns := append(append(t.fields(), t.createdAt), t.sequence...)
	for _, c := range []*database.Column{t.attempts, t.lastError, t.due, t.reserved} {
		if c != nil {
			columns = append(columns, *c)
		}
	}
	advice := r.grant(t.pending.Table, columns, where)
	if t.position != nil && r.config.Position.Query == "" {
		advice = append(advice, r.grant(t.position.from.Table, t.position.columns, t.position.from.Where)...)
	}
	if r.config.Position.Query != "" {
		advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: "in database " + r.db.Name() + ", to read the columns that position.query names"})
	}
	return append(advice, collectors.GrantOf(r.db.LagGrant())...)
}

func (r *reader) grant(t *database.Table, columns []database.Column, where []database.Condition) []collectors.Advice {
	if t.Unseen && len(r.preset.optional) > 0 {
		columns, where = nil, nil // only the table shows which version of the library made it
	}
	return collectors.GrantOf(r.db.ToRead(t), r.db.Grant(t, columns, where...))
}

// grantOfSlot covers the table whose inserted rows are counted. Any column is enough.
func (r *reader) grantOfSlot() []collectors.Advice {
	if t := r.inserted; t != nil && len(t.Columns) > 0 {
		return r.grant(t, t.Columns[:1], nil)
	}
	return nil
}

// grantsOfBinlog are rights over the whole server, which no other source needs.
func (r *reader) grantsOfBinlog() (advice []collectors.Advice) {
	needed, more := r.db.BinlogGrants()
	if needed != "" {
		advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: "on the server of database " + r.db.Name() + ", to see which users read its binary log, and how far it is written", Paste: needed})
	}
	if more != "" {
		advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: "on the same server, to tell a reader that receives nothing from a slow one; without it lostorder does not report such a reader", Paste: more})
	}
	return advice
}
