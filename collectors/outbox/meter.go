package outbox

import (
	"context"
	"errors"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// meter counts rows by the moment at which they were published. Those that were
// committed under an earlier moment than one that was counted are left out.
type meter struct {
	mark  database.Mark
	rows  signal.Count
	began bool // there was a reading, so that what comes is new
}

// read counts what was published since the last reading, where an index leads there:
// it is worth no more.
func (m *meter) read(ctx context.Context, in *database.Reading, t *table, o *signal.Outbox, most int) error {
	if t.publishedAt == nil || !in.HoldsTime(*t.publishedAt) || t.scope != nil {
		return nil
	}
	k := &database.Keyed{
		What: "published rows", Table: t.pending.Table, Key: []database.Column{t.id}, KeyForms: []database.Form{in.Form(t.id)},
		At: t.publishedAt,
	}
	var rows []database.Recent
	var err error
	switch {
	case m.mark.Known():
		rows, err = in.After(ctx, k, m.mark, most)
	case m.began:
		rows, err = in.Newest(ctx, k, most) // none was published before
	default:
		rows, err = in.Newest(ctx, k, 1)
	}
	switch {
	case errors.Is(err, database.ErrRefused):
		return nil
	case err != nil:
		return err
	}
	if m.began {
		m.rows += signal.Count(len(rows))
	}
	if len(rows) > 0 {
		m.mark = rows[len(rows)-1].Mark
	}
	o.Published, m.began = m.rows, true
	return nil
}
