package orders

import (
	"context"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
)

// Advise draws the lifecycle and lists the rights that its queries need.
func (r *reader) Advise(ctx context.Context) []collectors.Advice {
	advice := []collectors.Advice{{Kind: collectors.Picture, Text: r.config.Draw()}}
	advice = append(advice, collectors.Warnings(r.db.Excess(ctx))...)
	t, h := r.tables(ctx)
	switch {
	case r.config.Source.Query != "":
		advice = append(advice, r.queryGrant("source.query"))
	case t != nil:
		columns := append(t.fields(), t.state, t.at)
		columns = append(append(columns, r.comparedBy(t)...), t.worth.Columns()...)
		advice = append(advice, r.grant(t.found, columns, t.where)...)
	}
	advice = append(advice, collectors.GrantOf(r.db.LagGrant())...)
	switch {
	case r.history == nil:
	case r.config.History.Query != "":
		advice = append(advice, r.queryGrant("history.query"))
	case h != nil:
		advice = append(advice, r.grant(h.found, append(h.fields(), h.at), h.where)...)
	}
	return advice
}

// tables are those of the last reading or, if they were not read, those of the config.
func (r *reader) tables(ctx context.Context) (t *table, h *historyTable) {
	t = r.table
	if r.history != nil {
		h = r.history.table
	}
	r.db.Unseen(func(in *database.Reading) (err error) {
		if t == nil {
			t, err = find(ctx, in, &r.config.Source)
		}
		if r.history != nil && h == nil {
			h, _ = findHistory(ctx, in, r.config.History)
		}
		return err
	})
	return t, h
}

// comparedBy are the columns by which duplicates are found, as far as they exist.
func (r *reader) comparedBy(t *table) (columns []database.Column) {
	if r.duplicates == nil {
		return nil
	}
	for _, name := range append([]string{r.config.Duplicates.Created}, r.config.Duplicates.Key...) {
		if c, err := t.found.Column(name, ""); err == nil {
			columns = append(columns, c)
		}
	}
	return columns
}

func (r *reader) grant(t *database.Table, columns []database.Column, where []database.Condition) []collectors.Advice {
	return collectors.GrantOf(r.db.ToRead(t), r.db.Grant(t, columns, where...))
}

func (r *reader) queryGrant(key string) collectors.Advice {
	return collectors.Advice{Kind: collectors.Grant, Text: "in database " + r.db.Name() + ", to read the columns that " + key + " names"}
}
