package outbox

import (
	"context"
	"errors"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// publishedCounter counts published rows by their time of publication. It misses rows
// that were committed with an earlier time than the last counted row.
type publishedCounter struct {
	last    compare.Position // the row that was counted last
	rows    signal.Count
	started bool // the first reading is over, so that every later row is new
}

// read counts the rows published since the last reading. It does so only where an
// index leads to them: the count is not worth a scan.
func (p *publishedCounter) read(ctx context.Context, in *database.Reading, t *table, o *signal.Outbox, limit int) error {
	if t.publishedAt == nil || !in.HoldsTime(*t.publishedAt) || t.scope != nil {
		return nil
	}
	k := &compare.Rows{
		What: "published rows", Table: t.pending.Table, Key: []database.Column{t.id}, KeyForms: []dialect.Form{in.Form(t.id)},
		At: t.publishedAt,
	}
	var rows []compare.Recent
	var err error
	switch {
	case p.last.Known():
		rows, err = k.After(ctx, in, p.last, limit)
	case p.started:
		rows, err = k.Newest(ctx, in, limit) // no row was published before the first reading
	default:
		rows, err = k.Newest(ctx, in, 1)
	}
	switch {
	case errors.Is(err, database.ErrRefused):
		return nil
	case err != nil:
		return err
	}
	if p.started {
		p.rows += signal.Count(len(rows))
	}
	if len(rows) > 0 {
		p.last = rows[len(rows)-1].Position
	}
	o.Published, p.started = p.rows, true
	return nil
}
