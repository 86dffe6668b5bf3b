package reconcile

import (
	"context"
	"errors"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// largest is how many rows a window has at the most.
	largest = 50_000
	// smallest is how many it has at the least, where the server takes long.
	smallest = 500
)

// round is how far the comparison of all rows has come. It is in memory: after a
// restart it begins anew, and nothing is wrong until it was looked at.
type round struct {
	done   int64
	from   database.Key // where the next window begins; nil: at the first row
	began  time.Time
	rows   int64 // compared in this round
	of     int64 // about how many there are; 0: not known
	told   int   // tenths of it that the log has told
	block  int   // rows in a window
	rests  bool
	second bool // the left has come to its end, and the right goes on
}

func (r *round) reading() signal.Round {
	of := signal.Count(r.of)
	if of == 0 {
		of = signal.Unknown
	}
	return signal.Round{
		Done: signal.Count(r.done), Rows: signal.Count(r.rows), Of: of,
		Began: signal.InstantOf(r.began), Rests: r.rests,
	}
}

// goRound goes on with the round, as far as the rows for one reading go.
func (r *reader) goRound(ctx context.Context, until time.Time) error {
	if r.round.rests = !r.works(time.Now()); r.round.rests {
		return nil
	}
	done := r.round.done
	budget := int64(float64(r.config.RowsPerSecond) * time.Duration(r.config.Schedule.Interval).Seconds())
	for budget > 0 && time.Now().Before(until) && r.round.done == done {
		if r.round.began.IsZero() {
			if err := r.begin(ctx); err != nil {
				return err
			}
		}
		rows, err := r.step(ctx, min(int64(r.round.block), max(budget, smallest)))
		if err != nil {
			// Less at a time, should it be the time that it takes.
			if late := (interface{ Timeout() bool })(nil); errors.As(err, &late) && late.Timeout() {
				r.round.block = max(smallest, r.round.block/4)
			}
			return err
		}
		budget -= max(rows, 1)
	}
	return nil
}

// works reports whether the round goes on in this minute.
func (r *reader) works(now time.Time) bool {
	if r.offPeak == nil {
		return true
	}
	minute := now.Truncate(time.Minute)
	return r.offPeak.Next(minute.Add(-time.Second)).Equal(minute)
}

// begin begins a round.
func (r *reader) begin(ctx context.Context) error {
	of := r.round.rows // as many as the last time
	if r.round.done == 0 {
		err := r.sides[left].ask(ctx, func(in *database.Reading) error {
			of, _ = in.Size(ctx, r.sides[left].keyed.Table)
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.round = round{done: r.round.done, began: time.Now(), of: of, block: largest}
	r.log.Debug("round over all rows begins", "rows", of)
	return nil
}

// step compares the next window and reports how many rows that took.
func (r *reader) step(ctx context.Context, block int64) (rows int64, err error) {
	if !r.sorted || r.scattered || r.config.Expect == atMostOne {
		return r.list(ctx)
	}
	w := database.Window{From: r.round.from}
	if w.To, err = r.bound(ctx, w, int(block)); err != nil {
		return 0, err
	}
	l, s, err := r.digests(ctx, w)
	if err != nil {
		return 0, err
	}
	rows = max(l.Rows, s.Rows)
	r.round.rows += l.Rows
	r.compared += rows
	if l != s {
		more, err := r.into(ctx, w, rows, int(block))
		if err != nil {
			return 0, err
		}
		rows += more
	}
	r.advance(w.To)
	return rows, nil
}

// bound is where a window ends that has no more than n rows on either side; nil at
// the end of both. Text may be sorted differently on the two sides: to come to an end
// all the same, windows then go by the left as far as it has rows, and from there by
// the right.
func (r *reader) bound(ctx context.Context, w database.Window, n int) (database.Key, error) {
	if r.textual() && r.round.second {
		return r.after(ctx, r.sides[right], w, n)
	}
	l, err := r.after(ctx, r.sides[left], w, n)
	if err != nil || l != nil && r.textual() {
		return l, err
	}
	r.round.second = l == nil
	s, err := r.after(ctx, r.sides[right], w, n)
	if l == nil || err != nil || s != nil && r.less(s, l) {
		return s, err
	}
	return l, nil
}

// after is the key of the row n rows after the beginning of a window, or of a later
// one: rows of one key are in one window.
func (r *reader) after(ctx context.Context, s *side, w database.Window, n int) (bound database.Key, err error) {
	for {
		err = s.ask(ctx, func(in *database.Reading) (err error) {
			bound, err = in.Bound(ctx, s.keyed, w, n)
			return err
		})
		if err != nil || bound == nil || bound.ID() != w.From.ID() {
			return bound, err
		}
		n *= 4
	}
}

func (r *reader) digests(ctx context.Context, w database.Window) (l, s database.Digest, err error) {
	for role, into := range map[int]*database.Digest{left: &l, right: &s} {
		side := r.sides[role]
		err = side.ask(ctx, func(in *database.Reading) (err error) {
			*into, err = in.Digest(ctx, side.keyed, w)
			return err
		})
		if err != nil {
			return l, s, err
		}
	}
	return l, s, nil
}

// advance goes to the next window, or ends the round.
func (r *reader) advance(to database.Key) {
	r.round.from = to
	if to != nil {
		if r.round.of > 0 {
			if tenths := int(10 * r.round.rows / r.round.of); tenths > r.round.told && tenths < 10 {
				r.round.told = tenths
				r.log.Info("round over all rows goes on", "rows", r.round.rows, "of", r.round.of, "since", r.round.began)
			}
		}
		return
	}
	r.round.done++
	log := r.log.Debug
	if r.round.done == 1 {
		log = r.log.Info
	}
	log("all rows were compared", "rows", r.round.rows, "took", time.Since(r.round.began).Round(time.Second))
	r.round.began = time.Time{}
}
