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
	// maxRange is the most rows of a key range.
	maxRange = 50_000
	// minRange is the fewest rows of a key range, for a slow server.
	minRange = 500
)

// pass is the progress of the comparison of all rows. Without a state file, a restart
// begins a new pass, and no mismatch is known until its key range is compared again.
type pass struct {
	done   int64
	from   database.Key // where the next key range begins; nil: at the first row
	began  time.Time
	rows   int64    // compared in this pass
	size   [2]int64 // estimated rows of the sides; 0: unknown
	passed float64  // the part of them that key ranges have passed
	total  float64  // the value of passed at the end of the last pass; 1 in the first
	logged int      // tenths of it that are logged
	block  int      // rows in a key range
	paused bool
	seen   [2]int64 // rows that count, of each side, in this pass
	second bool     // the left side is done, and the right side continues
}

func (p *pass) signal() signal.Pass {
	return signal.Pass{
		Completed: signal.Count(p.done), Rows: signal.Count(p.rows), Fraction: p.part(),
		StartedAt: signal.InstantOf(p.began), Paused: p.paused,
	}
}

// part is the part of the pass that is done; negative where it is unknown.
func (p *pass) part() float64 {
	switch {
	case p.began.IsZero() && p.done > 0:
		return 1 // the next pass begins with the next reading
	case p.size == [2]int64{}:
		return -1
	}
	return min(1, p.passed/p.total)
}

// advance counts rows of each side as passed.
func (p *pass) advance(rows [2]int64) {
	var part float64
	for role, size := range p.size {
		if size > 0 {
			part = max(part, float64(rows[role])/float64(size))
		}
	}
	p.passed += part
}

// continuePass compares further key ranges, up to the rows allowed for one reading.
func (r *reader) continuePass(ctx context.Context, until time.Time) error {
	if r.pass.paused = !r.mayRun(time.Now()); r.pass.paused {
		return nil
	}
	done := r.pass.done
	// Rows beyond the limit, which differing rows cost, are taken from the next readings.
	each := int64(float64(r.config.RowsPerSecond) * time.Duration(r.config.Schedule.Interval).Seconds())
	r.budget = min(each, r.budget+each)
	for r.budget > 0 && time.Now().Before(until) && r.pass.done == done {
		if r.pass.began.IsZero() {
			if err := r.begin(ctx); err != nil {
				return err
			}
		}
		rows, err := r.step(ctx, min(int64(r.pass.block), max(r.budget, minRange)))
		r.budget -= max(rows, 1)
		if err != nil {
			// Reads fewer rows at a time if the query took too long.
			if late := (interface{ Timeout() bool })(nil); errors.As(err, &late) && late.Timeout() {
				r.pass.block = max(minRange, r.pass.block/4)
			}
			return err
		}
	}
	return nil
}

// mayRun reports whether the pass may read in this minute.
func (r *reader) mayRun(now time.Time) bool {
	if r.offPeak == nil {
		return true
	}
	minute := now.Truncate(time.Minute)
	return r.offPeak.Next(minute.Add(-time.Second)).Equal(minute)
}

// begin begins a pass.
func (r *reader) begin(ctx context.Context) error {
	next := pass{done: r.pass.done, began: time.Now(), total: 1, block: maxRange}
	if r.pass.passed > 0 {
		next.total = r.pass.passed
	}
	for role := range next.size {
		if role == left && r.config.Expect == atMostOne {
			continue // the pass reads only the right side
		}
		err := r.sides[role].ask(ctx, func(in *database.Reading) error {
			next.size[role], _ = in.Size(ctx, r.sides[role].keyed.Table)
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.pass = next
	r.log.Debug("pass begins", "left", next.size[left], "right", next.size[right])
	return nil
}

// step compares the next key range. It returns how many rows that cost, including rows
// that do not count.
func (r *reader) step(ctx context.Context, block int64) (rows int64, err error) {
	if !r.sorted || r.scattered || r.config.Expect == atMostOne {
		return r.list(ctx)
	}
	w := compare.KeyRange{From: r.pass.from}
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
	r.pass.rows += rows
	r.compared += rows
	if l != s {
		more, err := r.narrow(ctx, w, rows, int(block))
		if err != nil {
			return 0, err
		}
		rows += more
	}
	passed := [2]int64{left: l.Rows, right: s.Rows}
	for role, n := range passed {
		r.pass.seen[role] += n
	}
	if to != nil {
		passed[by] = max(passed[by], block)
	}
	r.pass.advance(passed)
	r.finish(to)
	return max(rows, passed[by]), nil
}

// bound returns the end of a key range with at most n rows on either side, and the side
// that has n; nil at the end of both. Text may be sorted differently on the two sides. So
// that the pass still ends, key ranges of text follow the left side to its end, and then
// the right side.
func (r *reader) bound(ctx context.Context, w compare.KeyRange, n int) (by int, to database.Key, err error) {
	if r.textual() && r.pass.second {
		to, _, err = r.after(ctx, r.sides[right], w, n)
		return right, to, err
	}
	l, _, err := r.after(ctx, r.sides[left], w, n)
	if err != nil || l != nil && r.textual() {
		return left, l, err
	}
	r.pass.second = l == nil
	s, _, err := r.after(ctx, r.sides[right], w, n)
	if l == nil || err != nil || s != nil && r.less(s, l) {
		return right, s, err
	}
	return left, l, nil
}

// after returns the key n rows after the start of a key range, or a later one, so that
// rows with one key stay in one range; nil at its end. There are at most limit rows before it.
func (r *reader) after(ctx context.Context, s *side, w compare.KeyRange, n int) (bound database.Key, limit int, err error) {
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

// finish moves to the next key range, or ends the pass. The first pass, which may take
// long, is logged at level info.
func (r *reader) finish(to database.Key) {
	r.pass.from = to
	log := r.log.Debug
	if r.pass.done == 0 {
		log = r.log.Info
	}
	if to != nil {
		if tenths := int(10 * r.pass.part()); tenths > r.pass.logged && tenths < 10 {
			r.pass.logged = tenths
			log("pass continues", "compared", r.pass.rows, "done", fmt.Sprintf("%d %%", 10*tenths), "since", r.pass.began)
		}
		return
	}
	r.pass.done++
	for role, n := range r.pass.seen {
		walked := role == right || r.config.Expect != atMostOne
		r.empty[role] = walked && n == 0
	}
	log("pass finished", "compared", r.pass.rows, "took", time.Since(r.pass.began).Round(time.Second))
	r.pass.began = time.Time{}
}
