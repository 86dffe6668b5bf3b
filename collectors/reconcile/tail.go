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
	// batch is how many rows are read, and looked up, at a time.
	batch = 1000
	// mostOfOneMoment bounds how many rows of one moment are read at a time. Where there
	// are more, the round finds the others.
	mostOfOneMoment = 64 * batch
	// longestSettle bounds how long a row is left alone before it is looked at, so
	// that a partner that comes at once is there, and so is a row of a transaction
	// that took a moment.
	longestSettle = 10 * time.Second
)

// tail is how far the rows of one side have been looked at as they came.
type tail struct {
	mark   compare.Position
	behind bool // rows come faster than they are looked at
}

// news compares the rows of both sides that are new since the last reading.
func (r *reader) news(ctx context.Context, until time.Time) error {
	var errs []error
	for role := range r.tails {
		if r.sides[role].keyed.At != nil {
			errs = append(errs, r.follow(ctx, until, &r.tails[role], r.sides[role]))
		}
	}
	return database.Join(errs...)
}

func (r *reader) settle() time.Duration { return min(time.Duration(r.config.Grace)/4, longestSettle) }

// follow looks up the rows of one side that came after the mark.
func (r *reader) follow(ctx context.Context, until time.Time, t *tail, s *side) error {
	t.behind = false
	most := batch
	for ctx.Err() == nil {
		// As of before they are read, however long that takes: one whose moment lies ahead
		// is taken for one of when it was read, and would end the look at those before it.
		horizon := time.Now().Add(-r.settle())
		var rows []compare.Recent
		err := s.ask(ctx, func(in *database.Reading) (err error) {
			if t.mark.Known() {
				rows, err = s.keyed.After(ctx, in, t.mark, most)
			} else {
				rows, err = s.keyed.Newest(ctx, in, firstRows)
			}
			return err
		})
		if err != nil {
			return err
		}
		full := len(rows) == most && t.mark.Known()
		if full && most < mostOfOneMoment {
			if rows = wholeMoments(rows); len(rows) == 0 {
				most *= 4
				continue
			}
		}
		most = batch
		mark, keys, all := settled(rows, horizon)
		if err := r.look(ctx, keys); err != nil {
			return err
		}
		r.compared += int64(len(keys))
		if !mark.Known() {
			return nil
		}
		t.mark = mark
		if !full || !all {
			return nil
		}
		if time.Now().After(until) {
			// The next reading goes on from here.
			t.behind = true
			return nil
		}
	}
	return ctx.Err()
}

// wholeMoments leaves out the rows of the last moment, of which there may be more: the
// next batch begins with them. An import gives all of its rows one moment.
func wholeMoments(rows []compare.Recent) []compare.Recent {
	last := rows[len(rows)-1].Position
	return rows[:slices.IndexFunc(rows, func(row compare.Recent) bool { return row.Position == last })]
}

// settled returns the keys of the rows that are old enough to be looked at, each
// once, the mark behind the last of them, and whether those are all.
func settled(rows []compare.Recent, horizon time.Time) (mark compare.Position, keys []database.Key, all bool) {
	seen := map[string]bool{}
	for _, row := range rows {
		if row.At.Time().After(horizon) {
			return mark, keys, false
		}
		if row.At.Known() { // nothing comes after 'infinity', or a text that is no time
			mark = row.Position
		}
		if name := row.Key.ID(); row.Key != nil && !seen[name] {
			seen[name] = true
			keys = append(keys, row.Key)
		}
	}
	return mark, keys, true
}
