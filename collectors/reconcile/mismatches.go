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

const (
	// maxSuspects limits the keys that are tracked because their sides differ.
	maxSuspects = 50_000
	// maxRechecks limits how many of them one reading compares again.
	maxRechecks = 2000
)

// suspect is a key whose sides differ.
type suspect struct {
	key       database.Key
	found     mismatch
	first     time.Time // when this mismatch was first read
	checked   time.Time // when it was last read
	confirmed time.Time // when it had lasted for the grace period; zero before
}

// mismatch is how the sides of a key differ.
type mismatch struct {
	kind   signal.MismatchKind
	detail string
	since  signal.Instant
	trace  string        // the traceparent of its row, where it is known
	amount signal.Amount // what it is worth; of no orders where that is unknown
}

// same reports whether it is still the same mismatch. Until it is confirmed its values
// must be the same too: those of a copy that is behind change all the time.
func (c *suspect) same(found mismatch) bool {
	return c.found.kind == found.kind && (c.found.detail == found.detail || !c.confirmed.IsZero())
}

// suspects are the keys that differ. A mismatch is confirmed when it was read twice, one
// grace period apart.
type suspects struct {
	grace time.Duration
	all   map[string]*suspect
	full  bool // a suspect was dropped because there are too many
	// recalled are those that were confirmed before a restart, and not compared since.
	recalled map[string]bool
	changed  bool // one was confirmed, or a confirmed one ended, since Remember
}

// note takes the result of comparing a key: a mismatch, or none. Only a comparison on the
// primaries confirms a mismatch.
func (s *suspects) note(key database.Key, found mismatch, now time.Time, confirms bool) {
	name := key.ID()
	was, known := s.all[name]
	if confirms || found.kind == "" {
		delete(s.recalled, name)
	}
	s.changed = s.changed || known && !was.confirmed.IsZero() && (found.kind == "" || !was.same(found))
	switch {
	case found.kind == "":
		delete(s.all, name)
	case !known && len(s.all) >= maxSuspects:
		s.full = true
	case !known || !was.same(found):
		s.all[name] = &suspect{key: key, found: found, first: now, checked: now}
	case confirms:
		was.checked, was.found = now, found
		if was.confirmed.IsZero() && now.Sub(was.first) >= s.grace {
			was.confirmed, s.changed = now, true
		}
	}
}

// due are the keys to compare again: those whose grace period is over, and confirmed
// ones, which may match by now.
func (s *suspects) due(now time.Time) []database.Key {
	var due []*suspect
	for _, c := range s.all {
		if now.Sub(c.first) >= s.grace {
			due = append(due, c)
		}
	}
	slices.SortFunc(due, func(a, b *suspect) int {
		if order := a.checked.Compare(b.checked); order != 0 {
			return order
		}
		return slices.Compare(a.key, b.key)
	})
	keys := make([]database.Key, 0, min(len(due), maxRechecks))
	for _, c := range due[:min(len(due), maxRechecks)] {
		keys = append(keys, c.key)
	}
	return keys
}

// summary returns the confirmed mismatches by kind, with a sample of the oldest of each, and
// of all that are known.
func (s *suspects) summary(kinds []signal.MismatchKind, sample int, known []string, shown func(database.Key) string) (all []signal.Mismatches, waiting signal.Count) {
	confirmed := map[signal.MismatchKind][]*suspect{}
	for _, c := range s.all {
		if c.confirmed.IsZero() {
			waiting++
			continue
		}
		confirmed[c.found.kind] = append(confirmed[c.found.kind], c)
	}
	for _, kind := range kinds {
		cases := confirmed[kind]
		slices.SortFunc(cases, func(a, b *suspect) int {
			if order := a.since().Time().Compare(b.since().Time()); order != 0 {
				return order
			}
			return slices.Compare(a.key, b.key)
		})
		m := signal.Mismatches{Kind: kind, Count: signal.Count(len(cases)), Capped: s.full && len(cases) > 0}
		for i, c := range cases {
			m.Since = earlier(m.Since, signal.InstantOf(c.first))
			m.Oldest = earlier(m.Oldest, c.found.since)
			if due := signal.InstantOf(c.first.Add(s.grace)); i == 0 || due < m.ConfirmedAt {
				m.ConfirmedAt = due
			}
			_, isKnown := slices.BinarySearch(known, shown(c.key))
			if i < sample+len(known) || isKnown {
				ref := signal.OrderRef{ID: shown(c.key), Since: c.since()}
				ref.TraceID, ref.SpanID = span.Parent(c.found.trace)
				m.Sample = append(m.Sample, ref)
			}
			if c.found.amount.Orders > 0 {
				m.AtStake.Amounts = m.AtStake.Amounts.Plus(c.found.amount)
			}
			if c.found.detail != "" && len(m.Details) < 3 {
				m.Details = append(m.Details, signal.Detail{OrderID: shown(c.key), Text: c.found.detail})
			}
		}
		if len(m.AtStake.Amounts) > 0 {
			m.AtStake.Coverage = signal.CoversAll
			if m.Capped {
				m.AtStake.Coverage = signal.CoversCounted
			}
		}
		all = append(all, m)
	}
	if len(s.all) < maxSuspects {
		s.full = false
	}
	return all, waiting
}

// earlier returns the earlier of two moments that are known.
func earlier(a, b signal.Instant) signal.Instant {
	if !a.Known() || b.Known() && b < a {
		return b
	}
	return a
}

// since is the time of its row, where it is known: it is the age of the order, and the
// same after a restart.
func (c *suspect) since() signal.Instant {
	if c.found.since.Known() {
		return c.found.since
	}
	return signal.InstantOf(c.first)
}

// compareKeys reads keys on both sides and notes how they differ.
func (r *reader) compareKeys(ctx context.Context, keys []database.Key) error {
	return r.compareOn(ctx, r.sides[left], r.sides[right], keys, false)
}

func (r *reader) compareOn(ctx context.Context, l, s *side, keys []database.Key, confirms bool) error {
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
	for _, asked := range keys {
		l, s := lefts[asked.ID()], rights[asked.ID()]
		key := spelled(asked, l.Key, s.Key)
		if key.ID() != asked.ID() {
			r.suspects.note(asked, mismatch{}, now, confirms) // one key in two spellings is one mismatch
		}
		r.suspects.note(key, r.mismatchOf(l, s), now, confirms)
	}
	r.listed += int64(len(keys))
	return nil
}

// spelled is a key as the left side writes it, or else the right side.
func spelled(asked, l, s database.Key) database.Key {
	switch {
	case l != nil:
		return l
	case s != nil:
		return s
	}
	return asked
}

// mismatchOf returns how the sides of one key differ. A row on the right lacks its order
// only if the left side has no row at all: an order that no longer matches the condition
// is still an order.
func (r *reader) mismatchOf(l, s compare.Found) mismatch {
	expect := r.config.Expect
	switch {
	case l.Young > 0 && s.Held == 0 && expect != atMostOne:
		return mismatch{kind: signal.MissingRight, since: l.Since, trace: l.Trace, amount: r.amount(left, l, 1)}
	case s.Young > 0 && l.Rows == 0:
		return mismatch{kind: signal.MissingLeft, since: s.Since, trace: s.Trace, amount: r.amount(right, s, 1)}
	case s.Young > 0 && s.Held > 1 && expect != atLeastOne:
		return mismatch{kind: signal.Duplicate, since: s.Last, trace: cmp.Or(s.Trace, l.Trace), detail: fmt.Sprintf("%d rows", s.Held), amount: cmp.Or(r.amount(right, s, s.Held-1), r.amount(left, l, s.Held-1))}
	case l.Young > 0 && s.Held == 1 && expect == equal:
		return r.compareValues(l, s)
	}
	return mismatch{}
}

// compareValues returns which values differ.
func (r *reader) compareValues(l, s compare.Found) mismatch {
	var differ []string
	for i := range l.Values {
		if l.Values[i] != s.Values[i] {
			differ = append(differ, fmt.Sprintf("%s is %s on the left and %s on the right", r.config.Left.Columns.Values[i], l.Values[i], s.Values[i]))
		}
	}
	if len(differ) == 0 {
		return mismatch{}
	}
	return mismatch{kind: signal.Different, since: l.Since, trace: cmp.Or(l.Trace, s.Trace), detail: strings.Join(differ, ", "), amount: r.amount(left, l, 1)}
}

// amount is what a mismatch is worth by a row of a side: so many times its amount, for a
// payment that was taken so many times too often.
func (r *reader) amount(role int, f compare.Found, times int64) signal.Amount {
	side := []*Side{&r.config.Left, &r.config.Right}[role]
	if f.Amount.Rows == 0 {
		return signal.Amount{}
	}
	amount, _ := side.Amount(f.Amount.Amount, f.Amount.Currency, times)
	amount.Orders = min(amount.Orders, 1)
	return amount
}
