package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// largest is how many rows a window has at the most.
	largest = 50_000
	// smallest is how many it has at the least, where the server takes long.
	smallest = 500
)

// round is how far the comparison of all rows has come. Without a state file it is in
// memory alone: after a restart it begins anew, and nothing is wrong until it was
// looked at.
type round struct {
	done   int64
	from   database.Key // where the next window begins; nil: at the first row
	began  time.Time
	rows   int64    // compared in this round
	of     [2]int64 // about how many rows the sides have; 0: not known
	passed float64  // the part of them that windows have passed
	whole  float64  // what that came to in the last round; 1 in the first
	told   int      // tenths of it that the log has told
	block  int      // rows in a window
	rests  bool
	second bool // the left has come to its end, and the right goes on
}

func (r *round) reading() signal.Pass {
	return signal.Pass{
		Completed: signal.Count(r.done), Rows: signal.Count(r.rows), Fraction: r.part(),
		StartedAt: signal.InstantOf(r.began), Paused: r.rests,
	}
}

// part is the part of the round that is done; negative when it is not known.
func (r *round) part() float64 {
	switch {
	case r.began.IsZero() && r.done > 0:
		return 1 // the next begins with the next reading
	case r.of == [2]int64{}:
		return -1
	}
	return min(1, r.passed/r.whole)
}

// pass counts rows of each side as passed.
func (r *round) pass(rows [2]int64) {
	var part float64
	for role, of := range r.of {
		if of > 0 {
			part = max(part, float64(rows[role])/float64(of))
		}
	}
	r.passed += part
}

// goRound goes on with the round, as far as the rows for one reading go.
func (r *reader) goRound(ctx context.Context, until time.Time) error {
	if r.round.rests = !r.works(time.Now()); r.round.rests {
		return nil
	}
	done := r.round.done
	// What one reading took too much, as rows that differ do, the next ones go without.
	each := int64(float64(r.config.RowsPerSecond) * time.Duration(r.config.Schedule.Interval).Seconds())
	r.budget = min(each, r.budget+each)
	for r.budget > 0 && time.Now().Before(until) && r.round.done == done {
		if r.round.began.IsZero() {
			if err := r.begin(ctx); err != nil {
				return err
			}
		}
		rows, err := r.step(ctx, min(int64(r.round.block), max(r.budget, smallest)))
		r.budget -= max(rows, 1)
		if err != nil {
			// Less at a time, should it be the time that it takes.
			if late := (interface{ Timeout() bool })(nil); errors.As(err, &late) && late.Timeout() {
				r.round.block = max(smallest, r.round.block/4)
			}
			return err
		}
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
	next := round{done: r.round.done, began: time.Now(), whole: 1, block: largest}
	if r.round.passed > 0 {
		next.whole = r.round.passed
	}
	for role := range next.of {
		if role == left && r.config.Expect == atMostOne {
			continue // the round goes by the right alone
		}
		err := r.sides[role].ask(ctx, func(in *database.Reading) error {
			next.of[role], _ = in.Size(ctx, r.sides[role].keyed.Table)
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.round = next
	r.log.Debug("round over all rows begins", "left", next.of[left], "right", next.of[right])
	return nil
}

// step compares the next window and reports how many rows that took, with those that
// are not compared.
func (r *reader) step(ctx context.Context, block int64) (rows int64, err error) {
	if !r.sorted || r.scattered || r.config.Expect == atMostOne {
		return r.list(ctx)
	}
	w := compare.KeyRange{From: r.round.from}
	by, to, err := r.bound(ctx, w, int(block))
	if err != nil {
		return 0, err
	}
	w.To = to
	l, s, err := r.digests(ctx, w)
	if err != nil {
		return 0, err
	}
	rows = max(l.Rows, s.Rows)
	r.round.rows += rows
	r.compared += rows
	if l != s {
		more, err := r.into(ctx, w, rows, int(block))
		if err != nil {
			return 0, err
		}
		rows += more
	}
	passed := [2]int64{left: l.Rows, right: s.Rows}
	if to != nil {
		passed[by] = max(passed[by], block)
	}
	r.round.pass(passed)
	r.advance(to)
	return max(rows, passed[by]), nil
}

// bound is where a window ends that has no more than n rows on either side, and which
// of them has as many; nil at the end of both. Text may be sorted differently on the
// two sides: to come to an end all the same, windows then go by the left as far as it
// has rows, and from there by the right.
func (r *reader) bound(ctx context.Context, w compare.KeyRange, n int) (by int, to database.Key, err error) {
	if r.textual() && r.round.second {
		to, _, err = r.after(ctx, r.sides[right], w, n)
		return right, to, err
	}
	l, _, err := r.after(ctx, r.sides[left], w, n)
	if err != nil || l != nil && r.textual() {
		return left, l, err
	}
	r.round.second = l == nil
	s, _, err := r.after(ctx, r.sides[right], w, n)
	if l == nil || err != nil || s != nil && r.less(s, l) {
		return right, s, err
	}
	return left, l, nil
}

// after is the key of the row n rows after the beginning of a window, or of a later
// one, for rows of one key are in one window; nil at its end. There are no more than
// most rows before it.
func (r *reader) after(ctx context.Context, s *side, w compare.KeyRange, n int) (bound database.Key, most int, err error) {
	for {
		err = s.ask(ctx, func(in *database.Reading) (err error) {
			bound, err = s.keyed.Bound(ctx, in, w, n)
			return err
		})
		if err != nil || bound == nil || bound.ID() != w.From.ID() {
			return bound, n, err
		}
		n *= 4
	}
}

func (r *reader) digests(ctx context.Context, w compare.KeyRange) (l, s compare.Digest, err error) {
	for role, into := range map[int]*compare.Digest{left: &l, right: &s} {
		side := r.sides[role]
		err = side.ask(ctx, func(in *database.Reading) (err error) {
			*into, err = side.keyed.Digest(ctx, in, w)
			return err
		})
		if err != nil {
			return l, s, err
		}
	}
	return l, s, nil
}

// advance goes to the next window, or ends the round. The log tells of the first one,
// which may take long.
func (r *reader) advance(to database.Key) {
	r.round.from = to
	log := r.log.Debug
	if r.round.done == 0 {
		log = r.log.Info
	}
	if to != nil {
		if tenths := int(10 * r.round.part()); tenths > r.round.told && tenths < 10 {
			r.round.told = tenths
			log("round over all rows goes on", "compared", r.round.rows, "done", fmt.Sprintf("%d %%", 10*tenths), "since", r.round.began)
		}
		return
	}
	r.round.done++
	log("all rows were compared", "compared", r.round.rows, "took", time.Since(r.round.began).Round(time.Second))
	r.round.began = time.Time{}
}
