package outbox

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// readPosition reads the position of the relay and the rows that it skipped. Rows
// beyond the position are pending where no column says which rows are.
func (r *reader) readPosition(ctx context.Context, in *database.Reading, t *table, o *signal.Outbox, report *signal.Report) error {
	number, found, err := t.readPending(ctx, in)
	switch {
	case err != nil:
		return err
	case found == notStarted:
		r.known.skips = skipTracker{}
		return nil
	case found == noNumber:
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

// oldest returns the oldest pending rows that the relay will still come to, at most
// sample of them. Of the others, those at or below the position, it keeps track.
func (r *reader) oldest(ctx context.Context, in *database.Reading, t *table) ([]database.Row, error) {
	s, sample := &r.known.skips, r.config.Sample
	if !t.marked || !s.started {
		return in.Oldest(ctx, t.pending, sample, t.fields()...)
	}
	fields := t.fields()
	at := len(fields)
	fields = append(fields, t.sequence[0])
	read := func(limit int) (ahead []database.Row, behind []signal.SkippedRow, all bool, err error) {
		rows, err := in.Oldest(ctx, t.pending, limit, fields...)
		for _, row := range rows {
			n, wrong := strconv.ParseInt(row.Fields[at], 10, 64)
			if wrong != nil {
				return nil, nil, false, fmt.Errorf("read the oldest pending rows: %w", wrong)
			}
			if n > s.position || triedBefore(t.tries(row)) {
				ahead = append(ahead, row)
			} else {
				behind = append(behind, signal.SkippedRow{Key: t.shown(row), Sequence: n, Order: t.order(row)})
			}
		}
		return ahead, behind, len(rows) < limit, err
	}
	ahead, behind, all, err := read(sample + len(s.skipped) + len(s.unmarked))
	if err == nil && len(ahead) < sample && !all {
		ahead, behind, _, err = read(sample + 2*maxGaps)
	}
	if err != nil {
		return nil, err
	}
	s.observeUnmarked(behind, time.Duration(r.config.MaxAge), in.Now())
	return ahead[:min(len(ahead), sample)], nil
}

// triedBefore reports whether the relay has tried to publish a row. It has not skipped
// such a row, whatever its position.
func triedBefore(attempts string) bool {
	n, err := strconv.ParseFloat(attempts, 64)
	return err == nil && n > 0
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
		found[n] = signal.SkippedRow{Key: t.shown(row), Sequence: n, Order: t.order(row)}
	}
	return found, nil
}
