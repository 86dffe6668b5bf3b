package reconcile

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/database"
)

const (
	// firstRows is how many of the latest rows of a side are compared at the start.
	firstRows = 5000
	// batch is how many rows are read, and looked up, at a time.
	batch = 1000
	// longestSettle bounds how long a row is left alone before it is looked at, so
	// that a partner that comes at once is there, and so is a row of a transaction
	// that took a moment.
	longestSettle = 10 * time.Second
)

// tail is how far the rows of one side have been looked at as they came.
type tail struct {
	mark   database.Mark
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
	for ctx.Err() == nil {
		var rows []database.Recent
		err := s.ask(ctx, func(in *database.Reading) (err error) {
			if t.mark.Known() {
				rows, err = in.After(ctx, s.keyed, t.mark, batch)
			} else {
				rows, err = in.Newest(ctx, s.keyed, firstRows)
			}
			return err
		})
		if err != nil {
			return err
		}
		full := len(rows) == batch && t.mark.Known()
		mark, keys, all := r.settled(rows)
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

// settled returns the keys of the rows that are old enough to be looked at, each
// once, the mark behind the last of them, and whether those are all.
func (r *reader) settled(rows []database.Recent) (mark database.Mark, keys []database.Key, all bool) {
	seen := map[string]bool{}
	horizon := time.Now().Add(-r.settle())
	for _, row := range rows {
		if row.At.Time().After(horizon) {
			return mark, keys, false
		}
		if row.At.Known() { // nothing comes after 'infinity', or a text that is no time
			mark = row.Mark
		}
		if name := row.Key.ID(); row.Key != nil && !seen[name] {
			seen[name] = true
			keys = append(keys, row.Key)
		}
	}
	return mark, keys, true
}
