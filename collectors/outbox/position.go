package outbox

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// position is where a relay remembers how far it has come, found in the database.
type position struct {
	from    database.Selection
	columns []database.Column
}

// findPosition looks up the table of the position and its columns.
func findPosition(ctx context.Context, r *database.Reading, c *Position, p *preset) (*position, error) {
	var found *database.Table
	var err error
	if c.Query != "" {
		found, err = r.Query(ctx, "position.query", c.Query)
	} else {
		found, err = r.Table(ctx, c.Table)
	}
	if err != nil {
		return nil, err
	}
	at := &position{from: database.Selection{What: "position of the relay", Table: found}}
	if c.Where != "" {
		at.from.Where = []database.Condition{database.Matches(c.Where)}
	}
	if len(c.Columns) == 0 {
		at.columns = found.Columns
	}
	columns := database.ColumnsOf(found, "position.", p.optional...)
	at.columns = append(at.columns, columns.All(c.Columns, "columns")...)
	return at, columns.Missing()
}

// read is how far the relay has come, column by column as the database writes it;
// nil where it has not begun.
func (p *position) read(ctx context.Context, in *database.Reading) ([]string, error) {
	rows, err := in.Values(ctx, p.from, 2, p.columns...)
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, fmt.Errorf("read position of the relay: %s has no row for it; was the relay ever started, and is position.where right?", p.from.Table)
	case len(rows) > 1:
		return nil, fmt.Errorf("read position of the relay: %s has several rows; say which in position.where, or give a position.query that makes one of them", p.from.Table)
	}
	var place []string
	for _, v := range rows[0] {
		if v.Null {
			return nil, nil
		}
		place = append(place, v.Text)
	}
	return place, nil
}

// pass reads how far the relay has come, which makes what is beyond it pending where
// nothing else does, and what it went past unseen.
func (r *reader) pass(ctx context.Context, in *database.Reading, t *table, o *signal.Outbox, report *signal.Report) error {
	place, err := t.position.read(ctx, in)
	if err != nil {
		return err
	}
	if place == nil {
		r.known.passage = passage{}
		return nil
	}
	number, whole := int64(0), false
	if len(t.sequence) == 1 && in.Form(t.sequence[0]) == database.Integer {
		number, err = strconv.ParseInt(unquoted(place[0]), 10, 64)
		if whole = err == nil; !whole {
			return fmt.Errorf("read position of the relay: %q is no whole number, as column %s of table %s is", unquoted(place[0]), t.sequence[0].Name, t.pending.Table)
		}
		place = []string{strconv.FormatInt(number, 10)}
	}
	if !t.marked {
		t.pending.Where = append([]database.Condition{database.After(t.sequence, place)}, t.scope...)
	}
	if !whole {
		return nil // there is no telling what lies between two texts
	}
	return r.lookBehind(ctx, in, t, number, o, report)
}

// unquoted takes the quotes away that SQLite writes a text in.
func unquoted(text string) string { return strings.Trim(text, "'") }

// lookBehind looks for rows that were committed after the relay had passed their
// number.
func (r *reader) lookBehind(ctx context.Context, in *database.Reading, t *table, at int64, o *signal.Outbox, report *signal.Report) error {
	p, c, now := &r.known.passage, &r.config, in.Now()
	h, told, err := in.Horizon(ctx)
	if err != nil {
		return err
	}
	upTo := at - c.Position.Lookback
	p.back(upTo)
	if wanted := p.wanted(); len(wanted) > 0 {
		rows, err := t.at(ctx, in, wanted)
		if err != nil {
			return err
		}
		p.look(rows, t.marked, now)
	}
	low := upTo - watchedAtStart
	if p.begun {
		low = p.position
	}
	if upTo > low || !p.begun {
		passed := database.Selection{What: "rows that the relay has passed", Table: t.pending.Table, Where: t.scope}
		numbers, err := in.Numbers(ctx, passed, t.sequence[0], low, upTo, c.Cap+1)
		if err != nil {
			return err
		}
		if len(numbers) > c.Cap {
			numbers, low = numbers[:c.Cap], numbers[c.Cap]
			p.leaped = now
		}
		p.advance(upTo, low, numbers, h, now)
	}
	p.trim(h, told, now)
	report.Warnings = append(report.Warnings, p.warnings(c.Cap, now)...)
	o.Published, o.Skipped = p.rows, p.reading(strconv.FormatInt(at, 10))
	return nil
}

// at returns the rows under numbers of the sequence, without those that say that they
// were published.
func (t *table) at(ctx context.Context, in *database.Reading, numbers []int64) (map[int64]signal.SkippedRow, error) {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(n, 10)
	}
	some := t.pending
	some.What = "rows behind the position of the relay"
	some.Since.Nullable = false // those that do not say since when count, too
	some.Where = append([]database.Condition{database.OneOf(t.sequence[0], texts...)}, t.scope...)
	if t.marked {
		some.Where = append(some.Where[:1:1], t.pending.Where...) // which has the scope
	}
	rows, err := in.Rows(ctx, some, len(numbers), append(t.fields(), t.sequence[0])...)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]signal.SkippedRow, len(rows))
	for _, row := range rows {
		n, err := strconv.ParseInt(row.Fields[len(row.Fields)-1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read rows behind the position of the relay: %w", err)
		}
		found[n] = signal.SkippedRow{Key: t.shown(row), Number: n, Order: t.order(row)}
	}
	return found, nil
}
