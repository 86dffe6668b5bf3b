package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// histogram counts, on a slow clock of its own, all orders that are under way by how
// long they have been in their state. Between two looks it says what the last one
// saw.
type histogram struct {
	config   *Histogram
	looked   signal.Instant
	last     map[string]*signal.Dwells // by state
	warnings []string
}

// read comes last in a reading: it is the dearest question and the least urgent, and
// one that takes too long costs no other its answer. It is asked again only when its
// time has come.
func (h *histogram) read(ctx context.Context, in *database.Reading, r *reader, t *table, states []signal.State) []string {
	if !h.looked.Known() || in.Now().Sub(h.looked) >= time.Duration(h.config.Interval) {
		h.looked, h.last, h.warnings = in.Now(), map[string]*signal.Dwells{}, nil
		for i, s := range r.config.States {
			if !states[i].Terminal {
				h.count(ctx, in, t.in(s.Name, s.Value.values(s.Name)), s.Name)
			}
		}
	}
	for i := range states {
		states[i].Dwells = h.last[states[i].Name]
	}
	return h.warnings
}

func (h *histogram) count(ctx context.Context, in *database.Reading, s database.Selection, state string) {
	counts, capped, err := in.Ages(ctx, s, h.config.Cap, signal.DwellBounds)
	if err != nil {
		h.warnings = append(h.warnings, s.What+" were not counted by how long they have been there: "+err.Error())
		return
	}
	if capped {
		h.warnings = append(h.warnings, fmt.Sprintf("there are more than %d %s; only those that have been there longest are counted by how long (histogram.cap)", h.config.Cap, s.What))
	}
	d := &signal.Dwells{Orders: counts[len(signal.DwellBounds)]}
	for i, bound := range signal.DwellBounds {
		d.Within = append(d.Within, signal.Within{For: bound, Orders: counts[i]})
	}
	h.last[state] = d
}
