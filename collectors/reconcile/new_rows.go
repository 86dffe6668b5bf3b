package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
)

const (
	// firstRows is how many of the latest rows of a side are compared at the start.
	firstRows = 5000
	// batch is how many rows are read and compared at a time.
	batch = 1000
	// maxSameTime limits how many rows with one timestamp are read at a time. If there
	// are more, a pass finds the others.
	maxSameTime = 64 * batch
	// maxSettle limits how old a row must be before it is compared, so that its partner
	// can arrive, and short transactions can commit.
	maxSettle = 10 * time.Second
)

// follower follows the new rows of one side.
type follower struct {
	last   compare.Position // the last row that was compared
	behind bool             // new rows come faster than they are compared
}

// compareNew compares the rows of both sides that are new since the last reading.
func (r *reader) compareNew(ctx context.Context, until time.Time) error {
	var errs []error
	for role := range r.followers {
		if r.sides[role].keyed.At != nil {
			errs = append(errs, r.follow(ctx, until, &r.followers[role], r.sides[role]))
		}
	}
	return database.Join(errs...)
}

func (r *reader) settle() time.Duration { return min(time.Duration(r.config.Grace)/4, maxSettle) }

// follow compares the rows of one side that came after the last compared row.
func (r *reader) follow(ctx context.Context, until time.Time, f *follower, s *side) error {
	f.behind = false
	limit := batch
	for ctx.Err() == nil {
		// Taken before the read, however long that takes: a row with a future timestamp
		// counts as one of the time of the read, and would hide the rows before it.
		horizon := time.Now().Add(-r.settle())
		var rows []compare.Recent
		err := s.ask(ctx, func(in *database.Reading) (err error) {
			if f.last.Known() {
				rows, err = s.keyed.After(ctx, in, f.last, limit)
			} else {
				rows, err = s.keyed.Newest(ctx, in, firstRows)
			}
			return err
		})
		if err != nil {
			return err
		}
		full := len(rows) == limit && f.last.Known()
		if full && limit < maxSameTime {
			if rows = completeTimes(rows); len(rows) == 0 {
				limit *= 4
				continue
			}
		}
		limit = batch
		last, keys, all := settled(rows, horizon)
		if err := r.compareKeys(ctx, keys); err != nil {
			return err
		}
		r.compared += int64(len(keys))
		for role := range r.empty {
			if len(keys) > 0 && s == r.sides[role] {
				r.empty[role] = false
			}
		}
		if !last.Known() {
			return nil
		}
		f.last = last
		if !full || !all {
			return nil
		}
		if time.Now().After(until) {
			// The next reading continues from here.
			f.behind = true
			return nil
		}
	}
	return ctx.Err()
}

// completeTimes removes the rows with the last timestamp, because there may be more of
// them: the next batch begins with them. An import gives all its rows one timestamp.
func completeTimes(rows []compare.Recent) []compare.Recent {
	last := rows[len(rows)-1].Position
	return rows[:slices.IndexFunc(rows, func(row compare.Recent) bool { return row.Position == last })]
}

// settled returns the keys of the rows that are old enough to be compared, each once, the
// last of these rows, and whether that is all of them.
func settled(rows []compare.Recent, horizon time.Time) (last compare.Position, keys []database.Key, all bool) {
	seen := map[string]bool{}
	for _, row := range rows {
		if row.At.Time().After(horizon) {
			return last, keys, false
		}
		if row.At.Known() { // no row sorts after 'infinity', or after text that is not a time
			last = row.Position
		}
		if name := row.Key.ID(); row.Key != nil && !seen[name] {
			seen[name] = true
			keys = append(keys, row.Key)
		}
	}
	return last, keys, true
}
