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
	// parts is the number of key ranges into which one that differs is split.
	parts = 16
	// leaf is the number of rows that are listed instead of split.
	leaf = 64
	// maxListed limits what is listed of a key range that cannot be split.
	maxListed = 4 * leaf
)

// descend finds the rows in which a key range differs and compares them. The range has
// about span rows; rows of them count. It returns how many rows that cost.
func (r *reader) descend(ctx context.Context, w compare.KeyRange, rows int64, span int) (took int64, err error) {
	if rows <= leaf || span <= 1 {
		return r.diff(ctx, w)
	}
	step := span/parts + 1
	if span > leaf {
		step = max(step, leaf) // a smaller part costs as much as listing it
	}
	by := left
	for part := w; ; {
		next, _, err := r.after(ctx, r.sides[by], part, step)
		if err != nil {
			return took, err
		}
		if next == nil && by == left {
			by = right // the right side may have more rows behind the last of the left
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
			more, err := r.narrow(ctx, part, max(l.Rows, s.Rows), step)
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

// narrow descends into a part. If a range of text keys has far more rows on one side than
// on the other, the sides are sorted differently, and descending does not end. Then this
// and all later key ranges are compared key by key.
func (r *reader) narrow(ctx context.Context, w compare.KeyRange, rows int64, step int) (took int64, err error) {
	if r.textual() && rows > int64(4*step+leaf) {
		r.scattered = true
		return r.compareEachKey(ctx, w)
	}
	return r.descend(ctx, w, rows, step)
}

// diff lists a key range on both sides and compares the keys that differ.
func (r *reader) diff(ctx context.Context, w compare.KeyRange) (took int64, err error) {
	var entries [2][]compare.Entry
	for role := range entries {
		side := r.sides[role]
		err := side.ask(ctx, func(in *database.Reading) (err error) {
			entries[role], err = side.keyed.List(ctx, in, w, maxListed)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	took = int64(len(entries[left]) + len(entries[right]))
	r.listed += took
	return took, r.compareKeys(ctx, differing(entries[left], entries[right]))
}

// compareEachKey compares all keys of a key range, those of either side.
func (r *reader) compareEachKey(ctx context.Context, w compare.KeyRange) (took int64, err error) {
	for _, role := range []int{left, right} {
		for part := w; ; {
			_, passed, next, err := r.compareNext(ctx, r.sides[role], part)
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

// differing returns the keys in which the two lists differ, sorted.
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

// list compares the next keys of one side with the other side, for sides that cannot be
// compared by key range. It returns how many rows that cost.
func (r *reader) list(ctx context.Context) (took int64, err error) {
	role := left
	if r.pass.second || r.config.Expect == atMostOne {
		role = right
	}
	rows, took, next, err := r.compareNext(ctx, r.sides[role], compare.KeyRange{From: r.pass.from})
	if err != nil {
		return took, err
	}
	r.pass.rows += rows
	r.pass.seen[role] += rows
	r.compared += rows
	r.pass.passed += float64(took) / float64(max(1, r.pass.size[left]+r.pass.size[right]))
	if next == nil && role == left {
		r.pass.second, r.pass.from = true, nil
		return took, nil
	}
	r.finish(next)
	return took, nil
}

// compareNext compares the first keys of a key range of one side, and returns where the
// rest begins; nil at its end. passed is more than rows if some rows do not count.
func (r *reader) compareNext(ctx context.Context, s *side, w compare.KeyRange) (rows, passed int64, next database.Key, err error) {
	next, limit, err := r.after(ctx, s, w, batch)
	if err != nil {
		return 0, 0, nil, err
	}
	part := w
	if next != nil {
		part.To, passed = next, int64(limit)
	}
	var entries []compare.Entry
	err = s.ask(ctx, func(in *database.Reading) (err error) {
		entries, err = s.keyed.List(ctx, in, part, limit)
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
	return rows, max(rows, passed), next, r.compareKeys(ctx, keys)
}

// textual reports whether a column of the key is text.
func (r *reader) textual() bool {
	return slices.Contains(r.sides[left].keyed.KeyForms, dialect.Text)
}

// less compares keys without text.
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
