package reconcile

import (
	"context"
	"math/big"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

const (
	// parts is into how many windows one that differs is split.
	parts = 16
	// leaf is how many rows are few enough to be listed.
	leaf = 64
	// mostListed bounds what is listed of a window that cannot be split.
	mostListed = 4 * leaf
)

// descend finds the rows by which a window differs and looks at them. The window
// has about span rows, of which rows are compared. It reports how many it took.
func (r *reader) descend(ctx context.Context, w compare.KeyRange, rows int64, span int) (took int64, err error) {
	if rows <= leaf || span <= 1 {
		return r.diff(ctx, w)
	}
	step := span/parts + 1
	if span > leaf {
		step = max(step, leaf) // a part of fewer rows costs as much as a list of so many
	}
	by := left
	for part := w; ; {
		next, _, err := r.after(ctx, r.sides[by], part, step)
		if err != nil {
			return took, err
		}
		if next == nil && by == left {
			by = right // which may have more rows behind the last of the left
			continue
		}
		if part.To = next; next == nil {
			part.To = w.To
		}
		l, s, err := r.digests(ctx, part)
		if err != nil {
			return took, err
		}
		took += max(l.Rows, s.Rows)
		if l != s {
			more, err := r.into(ctx, part, max(l.Rows, s.Rows), step)
			if err != nil {
				return took, err
			}
			took += more
		}
		if next == nil {
			return took, nil
		}
		part = compare.KeyRange{From: next, To: w.To}
	}
}

// into descends into a part. With texts that hold far more rows on one side than it
// has on the other, the sides are sorted differently, and there is no end to it: then
// all keys are looked up, and so are all that come.
func (r *reader) into(ctx context.Context, w compare.KeyRange, rows int64, step int) (took int64, err error) {
	if r.textual() && rows > int64(4*step+leaf) {
		r.scattered = true
		return r.spell(ctx, w)
	}
	return r.descend(ctx, w, rows, step)
}

// diff lists a window on both sides and looks at the keys that are not the same.
func (r *reader) diff(ctx context.Context, w compare.KeyRange) (took int64, err error) {
	var entries [2][]compare.Entry
	for role := range entries {
		side := r.sides[role]
		err := side.ask(ctx, func(in *database.Reading) (err error) {
			entries[role], err = side.keyed.List(ctx, in, w, mostListed)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	took = int64(len(entries[left]) + len(entries[right]))
	r.listed += took
	return took, r.look(ctx, differing(entries[left], entries[right]))
}

// spell looks up all keys of a window, those of either side.
func (r *reader) spell(ctx context.Context, w compare.KeyRange) (took int64, err error) {
	for _, role := range []int{left, right} {
		for part := w; ; {
			_, passed, next, err := r.lookUp(ctx, r.sides[role], part)
			took += passed
			if err != nil {
				return took, err
			}
			if next == nil {
				break
			}
			part.From = next
		}
	}
	return took, nil
}

// differing are the keys that the two lists do not have alike, in order.
func differing(l, s []compare.Entry) []database.Key {
	balance := map[string]map[int64]int{}
	keys := map[string]database.Key{}
	count := func(entries []compare.Entry, by int) {
		for _, e := range entries {
			name := e.Key.ID()
			if balance[name] == nil {
				balance[name], keys[name] = map[int64]int{}, e.Key
			}
			balance[name][e.Hash] += by
		}
	}
	count(l, 1)
	count(s, -1)
	var differ []database.Key
	for name, hashes := range balance {
		for _, n := range hashes {
			if n != 0 {
				differ = append(differ, keys[name])
				break
			}
		}
	}
	slices.SortFunc(differ, func(a, b database.Key) int { return slices.Compare(a, b) })
	return differ
}

// list looks up the next keys of one side on the other, for sides that cannot be
// compared window by window, and reports how many rows that took.
func (r *reader) list(ctx context.Context) (took int64, err error) {
	role := left
	if r.round.second || r.config.Expect == atMostOne {
		role = right
	}
	rows, took, next, err := r.lookUp(ctx, r.sides[role], compare.KeyRange{From: r.round.from})
	if err != nil {
		return took, err
	}
	r.round.rows += rows
	r.compared += rows
	r.round.passed += float64(took) / float64(max(1, r.round.of[left]+r.round.of[right]))
	if next == nil && role == left {
		r.round.second, r.round.from = true, nil
		return took, nil
	}
	r.advance(next)
	return took, nil
}

// lookUp looks up the first keys of a window of one side, and says where the others
// begin; nil when those were all. It has passed more rows than it compared where some
// do not count.
func (r *reader) lookUp(ctx context.Context, s *side, w compare.KeyRange) (rows, passed int64, next database.Key, err error) {
	next, most, err := r.after(ctx, s, w, batch)
	if err != nil {
		return 0, 0, nil, err
	}
	part := w
	if next != nil {
		part.To, passed = next, int64(most)
	}
	var entries []compare.Entry
	err = s.ask(ctx, func(in *database.Reading) (err error) {
		entries, err = s.keyed.List(ctx, in, part, most)
		return err
	})
	if err != nil {
		return 0, passed, nil, err
	}
	var keys []database.Key
	for _, e := range entries {
		if len(keys) == 0 || keys[len(keys)-1].ID() != e.Key.ID() {
			keys = append(keys, e.Key)
		}
	}
	rows = int64(len(entries))
	return rows, max(rows, passed), next, r.look(ctx, keys)
}

// textual reports whether a part of the key is text.
func (r *reader) textual() bool {
	return slices.Contains(r.sides[left].keyed.KeyForms, dialect.Text)
}

// less compares keys that are no text.
func (r *reader) less(a, b database.Key) bool {
	for i, form := range r.sides[left].keyed.KeyForms {
		order := strings.Compare(a[i], b[i])
		if form == dialect.Integer || form == dialect.Number {
			x, okX := new(big.Rat).SetString(a[i])
			y, okY := new(big.Rat).SetString(b[i])
			if okX && okY {
				order = x.Cmp(y)
			}
		}
		if order != 0 {
			return order < 0
		}
	}
	return false
}
