package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// made is a reading of a lifecycle whose orders were compared with each other. They were made
// before the story begins.
func made(groups ...[]string) signal.Report {
	return madeAt(time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), groups...)
}

// madeAt is the same for orders of the seconds from a moment on.
func madeAt(at time.Time, groups ...[]string) signal.Report {
	d := &signal.Duplicates{Within: time.Hour}
	for _, ids := range groups {
		var g signal.DuplicateGroup
		for i, id := range ids {
			g.Orders = append(g.Orders, signal.OrderRef{ID: id, Since: signal.InstantOf(at.Add(time.Duration(i) * time.Second))})
		}
		d.Groups = append(d.Groups, g)
	}
	return signal.Report{Lifecycles: []signal.Lifecycle{{
		Name: "order", Database: "db", States: []signal.State{{Name: "placed", Orders: 3, Overdue: 0}}, Duplicates: d,
	}}}
}

var orderDuplicateCases = map[string]storeCase{
	"one request becomes two orders": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return made() })
			at := s.now
			s.play(time.Minute, func(int) signal.Report { return madeAt(at, []string{"A-1", "A-2"}) })
		},
		found: []signal.Mode{signal.OrderDuplicate}, open: []signal.Mode{signal.OrderDuplicate}, orders: []string{"A-1", "A-2"},
	},
	"a duplicate that is cancelled closes": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return made([]string{"A-1", "A-2"}, []string{"A-3", "A-4", "A-5"}) })
			s.play(time.Minute, func(int) signal.Report { return made() })
		},
		found: []signal.Mode{signal.OrderDuplicate}, orders: []string{"A-1", "A-2", "A-3", "A-4", "A-5"},
	},
	"orders that cannot be compared heal no duplicate": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report { return made([]string{"A-1", "A-2"}) })
			s.partial = true
			s.play(time.Hour, func(int) signal.Report { return moved() })
		},
		found: []signal.Mode{signal.OrderDuplicate}, open: []signal.Mode{signal.OrderDuplicate}, orders: []string{"A-1", "A-2"},
	},
	"benign: no two orders share a key": {
		story: func(s *script) { s.play(time.Hour, func(int) signal.Report { return made() }) },
	},
}

func TestOrderDuplicate(t *testing.T) { playStores(t, orderDuplicateCases) }

// Rows may have no time, or one that cannot be read. A finding that began in the year
// one would be the oldest of all.
func TestFindingOfRowsWithoutATimeBeganWhenItWasFound(t *testing.T) {
	s := newScript(t)
	s.play(interval, func(int) signal.Report {
		r := made([]string{"A-1", "A-2"})
		r.Lifecycles[0].Duplicates.Groups[0].Orders[1].Since = 0
		return r
	})
	if len(s.opened) != 1 || !s.opened[0].Since.Equal(s.now) {
		t.Errorf("found at %s: %+v", s.now, s.opened)
	}
}
