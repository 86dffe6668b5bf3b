package database

import (
	"context"
	"fmt"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// hidden notes what hides rows of a table from the user. A part of the rows must not pass for
// all of them: an outbox whose pending rows are hidden looks healthy.
func (r *Reading) hidden(ctx context.Context, t *Table) error {
	d, ok := r.dialect.(dialect.Restricted)
	if !ok || r.db.shown[t.String()] {
		return nil
	}
	why, paste, err := d.Hidden(ctx, transaction{r}, t)
	switch {
	case err != nil:
		return r.broken("read what hides rows of table "+t.String(), err)
	case why == "":
		r.db.shown[t.String()] = true
		return nil
	}
	remedy := signal.Remedy{
		Kind: signal.RemedyGrant, Lead: "to show all rows, run as the owner: ", Text: paste, For: "table " + t.String() + " of database " + r.db.config.Name, Why: why,
	}
	r.remedies = signal.MergeRemedies(r.remedies, []signal.Remedy{remedy})
	r.warnings = append(r.warnings, fmt.Sprintf("table %s of database %s may show only a part of its rows: %s, and lostorder does not know how many%s", t, r.db.config.Name, why, remedy))
	return nil
}

// Warnings report that a table that was found may show only a part of its rows.
func (r *Reading) Warnings() []string { return r.warnings }
