package orders

import (
	"context"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database"
)

// Advise draws the lifecycle, and says which rights its queries need.
func (r *reader) Advise(context.Context) []collectors.Advice {
	advice := []collectors.Advice{{Kind: collectors.Picture, Text: r.config.Draw()}}
	if r.table != nil && r.config.Source.Query == "" {
		columns := append(r.table.fields(), r.table.state, r.table.since)
		columns = append(columns, r.comparedBy()...)
		advice = append(advice, grant(r.db.Grant(r.table.found, columns, r.table.where...), r.table.found)...)
	}
	if why, sql := r.db.LagGrant(); sql != "" {
		advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: why, Paste: sql})
	}
	if r.moves != nil && r.moves.table != nil && r.config.History.Query == "" {
		t := r.moves.table
		advice = append(advice, grant(r.db.Grant(t.found, append(t.fields(), t.at), t.where...), t.found)...)
	}
	return advice
}

// comparedBy are the columns by which duplicates are found, those that are there.
func (r *reader) comparedBy() (columns []database.Column) {
	if r.duplicates == nil {
		return nil
	}
	for _, name := range append([]string{r.config.Duplicates.Created}, r.config.Duplicates.Key...) {
		if c, err := r.table.found.Column(name, ""); err == nil {
			columns = append(columns, c)
		}
	}
	return columns
}

func grant(sql string, t *database.Table) []collectors.Advice {
	if sql == "" {
		return nil
	}
	return []collectors.Advice{{Kind: collectors.Grant, Text: "to read table " + t.String() + " and nothing else", Paste: sql}}
}
