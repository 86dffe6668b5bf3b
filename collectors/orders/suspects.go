package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	mostLooks     = 40     // orders whose whole history one reading asks for
	mostRows      = 2000   // rows of their histories in one answer
	mostQueued    = 10_000 // orders that wait to be looked at
	mostConflicts = 1000   // orders that went where they may not and are watched on
)

// suspects are orders whose whole history has to be asked for: those of which a
// new row says that they went where they may not, and those whose beginning was
// not seen. An order that its history speaks against is asked for again in the
// next reading: only then is it confirmed, and as soon as its rows are corrected it
// is none any more.
type suspects struct {
	queue   []string // the latest last, which are asked for first
	known   map[string]*suspect
	reading int
	dropped int
	endless map[string]bool // orders with more rows than are asked for
}

type suspect struct {
	conflict signal.Conflict
	looked   int // the reading that looked last
}

// ask puts an order in the queue.
func (s *suspects) ask(id string) {
	if s.endless[id] || slices.Contains(s.queue[max(0, len(s.queue)-mostLooks):], id) {
		return
	}
	if len(s.queue) >= mostQueued {
		s.queue = slices.Delete(s.queue, 0, 1)
		s.dropped++
	}
	s.queue = append(s.queue, id)
}

// next are the orders to look at: half of them, at the least, new ones.
func (s *suspects) next() []string {
	old := make([]string, 0, len(s.known))
	for id := range s.known {
		old = append(old, id)
	}
	slices.SortFunc(old, func(a, b string) int {
		return cmp.Or(s.known[a].looked-s.known[b].looked, cmp.Compare(a, b))
	})
	ids := old[:min(len(old), max(mostLooks/2, mostLooks-len(s.queue)))]
	for len(ids) < mostLooks && len(s.queue) > 0 {
		id := s.queue[len(s.queue)-1]
		s.queue = s.queue[:len(s.queue)-1]
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// look asks for whole histories and judges them.
func (s *suspects) look(ctx context.Context, in *database.Reading, m *moves) (warnings []string, err error) {
	s.reading++
	if s.dropped > 0 {
		warnings = append(warnings, fmt.Sprintf("%d orders of history table %s were not judged, for more came than can be looked at", s.dropped, m.table.found))
	}
	ids := s.next()
	if err = s.judge(ctx, in, m, ids); err != nil {
		s.queue = append(s.queue, slices.DeleteFunc(ids, func(id string) bool { return s.known[id] != nil })...)
	}
	if n := len(s.endless); n > 0 {
		warnings = append(warnings, fmt.Sprintf("orders of history table %s that have %d moves or more are not judged; there are %d of them", m.table.found, mostRows, n))
	}
	return warnings, err
}

// judge asks for the histories of orders. Where they have more rows than are asked for
// at a time, each half of the orders is asked for alone, so that one without end keeps
// no other from being judged.
func (s *suspects) judge(ctx context.Context, in *database.Reading, m *moves, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := in.Rows(ctx, m.table.of(ids), mostRows, m.table.fields()...)
	if err != nil {
		return err
	}
	if half := len(ids) / 2; len(rows) == mostRows && half > 0 {
		if err := s.judge(ctx, in, m, ids[:half]); err != nil {
			return err
		}
		return s.judge(ctx, in, m, ids[half:])
	}
	if len(rows) == mostRows {
		s.leave(ids[0], in.Now(), m)
		return nil
	}
	ways := map[string][]step{}
	for _, row := range rows {
		if id, one := m.table.step(in, row, m.stateOf); id != "" {
			ways[id] = append(ways[id], one)
		}
	}
	for _, id := range ids {
		s.settle(id, ways[id], in.Now(), m)
	}
	return nil
}

// leave gives an order up whose history is without end. What was found of it before
// is neither confirmed nor healed.
func (s *suspects) leave(id string, now signal.Instant, m *moves) {
	if len(s.endless) < mostConflicts {
		s.endless[id] = true
	}
	if known := s.known[id]; known != nil {
		known.looked = s.reading
		if now.Sub(known.conflict.Since) > time.Duration(m.config.Remember) {
			delete(s.known, id)
		}
	}
}

// settle judges one order by all its rows.
func (s *suspects) settle(id string, way []step, now signal.Instant, m *moves) {
	if len(way) == 0 {
		delete(s.known, id)
		return
	}
	j := m.graph.judge(way, time.Duration(m.config.ClockSkew))
	if t := m.tracks.of(id); t != nil && t.at <= j.at {
		ended := t.ended
		*t = j.track
		t.ended = ended
		m.end(t)
	}
	before := s.known[id]
	switch {
	case j.kind == "", now.Sub(j.when) > time.Duration(m.config.Remember):
		delete(s.known, id)
	case before == nil && len(s.known) >= mostConflicts:
	default:
		s.known[id] = &suspect{looked: s.reading, conflict: signal.Conflict{
			OrderRef: signal.OrderRef{ID: m.table.shown(id), Since: j.when, TraceID: way[len(way)-1].trace, SpanID: way[len(way)-1].span},
			Kind:     j.kind, Path: j.path,
			Confirmed: before != nil && before.conflict.Kind == j.kind,
		}}
	}
}

// conflicts are those that are known, the latest first.
func (s *suspects) conflicts() (all []signal.Conflict, capped bool) {
	for _, one := range s.known {
		all = append(all, one.conflict)
	}
	slices.SortFunc(all, func(a, b signal.Conflict) int {
		return cmp.Or(cmp.Compare(b.Since, a.Since), cmp.Compare(a.ID, b.ID))
	})
	return all, len(s.known) >= mostConflicts
}
