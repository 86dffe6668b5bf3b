package outbox

import (
	"context"
	"fmt"
	"strconv"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// readPosition reads the position of the relay and the rows that it skipped. Rows
// beyond the position are pending where no column says which rows are.
func (r *reader) readPosition(ctx context.Context, in *database.Reading, t *table, o *signal.Outbox, report *signal.Report) error {
	place, err := t.position.read(ctx, in)
	if err != nil {
		return err
	}
	if place == nil {
		r.known.skips = skipTracker{}
		return nil
	}
	number, whole, err := t.number(in, place)
	if err != nil {
		return err
	}
	if whole {
		place = []string{strconv.FormatInt(number, 10)}
	}
	if !t.marked {
		t.pending.Where = append([]database.Condition{database.After(t.sequence, place)}, t.scope...)
	}
	if !whole {
		return nil
	}
	return r.readSkipped(ctx, in, t, number, o, report)
}

// readSkipped checks the numbers behind the position for rows that were committed
// after the relay had passed them.
func (r *reader) readSkipped(ctx context.Context, in *database.Reading, t *table, at int64, o *signal.Outbox, report *signal.Report) error {
	s, c, now := &r.known.skips, &r.config, in.Now()
	h, exact, err := in.Horizon(ctx)
	if err != nil {
		return err
	}
	upTo := at - c.Position.Lookback
	s.rewind(upTo)
	if numbers := s.tracked(); len(numbers) > 0 {
		rows, err := t.rowsAt(ctx, in, numbers)
		if err != nil {
			return err
		}
		s.update(rows, t.marked, now)
	}
	low := upTo - firstLookback
	if s.started {
		low = s.position
	}
	if upTo > low || !s.started {
		passed := database.Selection{What: "rows that the relay has passed", Table: t.pending.Table, Where: t.scope}
		numbers, err := in.Numbers(ctx, passed, t.sequence[0], low, upTo, c.Cap+1)
		if err != nil {
			return err
		}
		if len(numbers) > c.Cap {
			numbers, low = numbers[:c.Cap], numbers[c.Cap]
			s.unchecked = now
		}
		s.advance(upTo, low, numbers, h, now)
	}
	s.trim(h, exact, now)
	report.Warnings = append(report.Warnings, s.warnings(c.Cap, now)...)
	o.Published, o.Skipped = s.passed, s.signal(strconv.FormatInt(at, 10))
	return nil
}

// rowsAt returns the rows under numbers of the sequence, without those that record
// that they were published.
func (t *table) rowsAt(ctx context.Context, in *database.Reading, numbers []int64) (map[int64]signal.SkippedRow, error) {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(n, 10)
	}
	at := t.pending
	at.What = "rows behind the position of the relay"
	at.Since.Nullable = false // rows without a time are included
	at.Where = append([]database.Condition{database.OneOf(t.sequence[0], texts...)}, t.scope...)
	if t.marked {
		at.Where = append(at.Where[:1:1], t.pending.Where...) // which includes the scope
	}
	rows, err := in.Rows(ctx, at, len(numbers), append(t.fields(), t.sequence[0])...)
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
