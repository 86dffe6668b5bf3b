package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// mostCases bounds the keys that are remembered because their sides differ.
const mostCases = 50_000

// mostLooks bounds how many of them are looked at again in one reading.
const mostLooks = 2000

// suspect is a key whose sides differed when we looked.
type suspect struct {
	key    database.Key
	found  mismatch
	first  time.Time // since when it differs in this way, as we saw it
	looked time.Time
	told   time.Time // when it had outlived the grace; zero before
}

// mismatch is how the sides of a key differ.
type mismatch struct {
	kind   signal.MismatchKind
	detail string
	since  signal.Instant
	trace  string // the traceparent of its row, where that is known
}

// same reports whether it is still the same mismatch: before it was told also by
// its values, for those of a copy that is behind change all the time.
func (c *suspect) same(found mismatch) bool {
	return c.found.kind == found.kind && (c.found.detail == found.detail || !c.told.IsZero())
}

// suspects are the keys that differ. A mismatch is told when it was read twice, the
// grace apart: what heals by itself meanwhile was none.
type suspects struct {
	grace time.Duration
	all   map[string]*suspect
	full  bool // there was one more than can be remembered
}

// note takes what a look at a key gave: a mismatch, or none. Only a look that
// confirms, at the primaries, makes one that is told.
func (s *suspects) note(key database.Key, found mismatch, now time.Time, confirms bool) {
	name := key.ID()
	was, known := s.all[name]
	switch {
	case found.kind == "":
		delete(s.all, name)
	case !known && len(s.all) >= mostCases:
		s.full = true
	case !known || !was.same(found):
		s.all[name] = &suspect{key: key, found: found, first: now, looked: now}
	case confirms:
		was.looked, was.found = now, found
		if was.told.IsZero() && now.Sub(was.first) >= s.grace {
			was.told = now
		}
	}
}

// due are the keys to look at again: those whose grace is over, and those that were
// told, to see whether they healed.
func (s *suspects) due(now time.Time) []database.Key {
	var due []*suspect
	for _, c := range s.all {
		if now.Sub(c.first) >= s.grace {
			due = append(due, c)
		}
	}
	slices.SortFunc(due, func(a, b *suspect) int {
		if order := a.looked.Compare(b.looked); order != 0 {
			return order
		}
		return slices.Compare(a.key, b.key)
	})
	keys := make([]database.Key, 0, min(len(due), mostLooks))
	for _, c := range due[:min(len(due), mostLooks)] {
		keys = append(keys, c.key)
	}
	return keys
}

// summary is what was told, by kind, with a sample of the oldest of each.
func (s *suspects) summary(kinds []signal.MismatchKind, sample int, shown func(database.Key) string) (all []signal.Mismatches, waiting signal.Count) {
	told := map[signal.MismatchKind][]*suspect{}
	for _, c := range s.all {
		if c.told.IsZero() {
			waiting++
			continue
		}
		told[c.found.kind] = append(told[c.found.kind], c)
	}
	for _, kind := range kinds {
		cases := told[kind]
		slices.SortFunc(cases, func(a, b *suspect) int {
			if order := a.since().Time().Compare(b.since().Time()); order != 0 {
				return order
			}
			return slices.Compare(a.key, b.key)
		})
		m := signal.Mismatches{Kind: kind, Count: signal.Count(len(cases)), Capped: s.full && len(cases) > 0}
		for i, c := range cases {
			if due := signal.InstantOf(c.first.Add(s.grace)); i == 0 || due < m.ConfirmedAt {
				m.ConfirmedAt = due
			}
			if i < sample {
				ref := signal.OrderRef{ID: shown(c.key), Since: c.since()}
				ref.TraceID, ref.SpanID = span.Parent(c.found.trace)
				m.Sample = append(m.Sample, ref)
			}
			if c.found.detail != "" && len(m.Details) < 3 {
				m.Details = append(m.Details, shown(c.key)+": "+c.found.detail)
			}
		}
		if len(cases) > 0 {
			m.Since = cases[0].since()
		}
		all = append(all, m)
	}
	if len(s.all) < mostCases {
		s.full = false
	}
	return all, waiting
}

// since is the moment of its row where that is known, for it is the same after a
// restart.
func (c *suspect) since() signal.Instant {
	if c.found.since.Known() {
		return c.found.since
	}
	return signal.InstantOf(c.first)
}

// look reads keys on both sides and notes how they differ.
func (r *reader) look(ctx context.Context, keys []database.Key) error {
	return r.lookAt(ctx, r.sides[left], r.sides[right], keys, false)
}

func (r *reader) lookAt(ctx context.Context, l, s *side, keys []database.Key, confirms bool) error {
	if len(keys) == 0 {
		return nil
	}
	var lefts, rights map[string]compare.Found
	err := l.ask(ctx, func(in *database.Reading) (err error) {
		lefts, err = l.keyed.Find(ctx, in, keys)
		return err
	})
	if err != nil {
		return err
	}
	err = s.ask(ctx, func(in *database.Reading) (err error) {
		rights, err = s.keyed.Find(ctx, in, keys)
		return err
	})
	if err != nil {
		return err
	}
	now := time.Now()
	for _, key := range keys {
		name := key.ID()
		r.suspects.note(key, r.judge(lefts[name], rights[name]), now, confirms)
	}
	r.listed += int64(len(keys))
	return nil
}

// judge says how the sides of one key differ. A row on the right is alone only when
// the left has none at all, for an order that left the condition is still one.
func (r *reader) judge(l, s compare.Found) mismatch {
	expect := r.config.Expect
	switch {
	case l.Young > 0 && s.Held == 0 && expect != atMostOne:
		return mismatch{kind: signal.MissingRight, since: l.Since, trace: l.Trace}
	case s.Young > 0 && l.Rows == 0:
		return mismatch{kind: signal.MissingLeft, since: s.Since, trace: s.Trace}
	case s.Young > 0 && s.Held > 1 && expect != atLeastOne:
		return mismatch{kind: signal.Duplicate, since: s.Last, trace: cmp.Or(s.Trace, l.Trace), detail: fmt.Sprintf("%d rows", s.Held)}
	case l.Young > 0 && s.Held == 1 && expect == equal:
		return r.compare(l, s)
	}
	return mismatch{}
}

// compare says which values differ.
func (r *reader) compare(l, s compare.Found) mismatch {
	var differ []string
	for i := range l.Values {
		if l.Values[i] != s.Values[i] {
			differ = append(differ, fmt.Sprintf("%s is %s on the left and %s on the right", r.config.Left.Columns.Values[i], l.Values[i], s.Values[i]))
		}
	}
	if len(differ) == 0 {
		return mismatch{}
	}
	return mismatch{kind: signal.Different, since: l.Since, trace: cmp.Or(l.Trace, s.Trace), detail: strings.Join(differ, ", ")}
}
