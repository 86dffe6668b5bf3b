package outbox

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// position is where a relay stores how far it has read, found in the database.
type position struct {
	from    database.Selection
	columns []database.Column
}

// findPosition looks up the table and the columns of the position.
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

// read returns the position, column by column as the database writes it, and nil
// where the relay has not started.
func (p *position) read(ctx context.Context, in *database.Reading) ([]string, error) {
	rows, err := in.Values(ctx, p.from, 2, p.columns...)
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, fmt.Errorf("read position of the relay: %s has no row for it; was the relay ever started, and is position.where right?", p.from.Table)
	case len(rows) > 1:
		return nil, fmt.Errorf("read position of the relay: %s has several rows; select one with position.where, or return one row from position.query", p.from.Table)
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

// positionKind is what kind of position a relay has.
type positionKind uint8

const (
	notStarted positionKind = iota // none: the relay has not started
	noNumber                       // rows cannot be counted up to it
	aNumber                        // of the sequence
)

// readPending reads the position. Rows beyond it are pending where no column says which
// rows are.
func (t *table) readPending(ctx context.Context, in *database.Reading) (number int64, kind positionKind, err error) {
	place, err := t.position.read(ctx, in)
	if err != nil || place == nil {
		return 0, notStarted, err
	}
	number, whole, err := t.number(in, place)
	if err != nil {
		return 0, notStarted, err
	}
	kind = noNumber
	if whole {
		place, kind = []string{strconv.FormatInt(number, 10)}, aNumber
	}
	if !t.marked {
		t.pending.Where = append([]database.Condition{database.After(t.sequence, place)}, t.scope...)
	}
	return number, kind, nil
}

// number is the position as a number of the sequence. ok is false where the sequence
// is no single whole number: no rows can be counted between two texts.
func (t *table) number(in *database.Reading, place []string) (n int64, ok bool, err error) {
	if len(t.sequence) != 1 || in.Form(t.sequence[0]) != dialect.Integer {
		return 0, false, nil
	}
	text := unquoted(place[0])
	if n, err = strconv.ParseInt(text, 10, 64); err != nil {
		return 0, false, fmt.Errorf("read position of the relay: %q is not a whole number, but column %s of table %s is", text, t.sequence[0].Name, t.pending.Table)
	}
	return n, true, nil
}

// unquoted removes the quotes in which SQLite writes a text.
func unquoted(text string) string { return strings.Trim(text, "'") }
