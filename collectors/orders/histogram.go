package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// histogram counts all orders in progress by their dwell, at its own slow interval.
// Between two counts it repeats the last one.
type histogram struct {
	config   *Histogram
	counted  signal.Instant
	last     map[string]*signal.DwellHistogram // by state
	warnings []string
}

// read comes last in a reading. It is the most expensive query and the least urgent: if it
// takes too long, everything else has been read. It is not repeated before its interval.
func (h *histogram) read(ctx context.Context, in *database.Reading, r *reader, t *table, states []signal.State) []string {
	if !h.counted.Known() || in.Now().Sub(h.counted) >= time.Duration(h.config.Interval) {
		h.counted, h.last, h.warnings = in.Now(), map[string]*signal.DwellHistogram{}, nil
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
		h.warnings = append(h.warnings, "lostorder cannot count "+s.What+" by dwell: "+err.Error())
		return
	}
	if capped {
		h.warnings = append(h.warnings, fmt.Sprintf("there are more than %d %s; the histogram counts only those with the longest dwell (histogram.cap)", h.config.Cap, s.What))
	}
	d := &signal.DwellHistogram{Orders: counts[len(signal.DwellBounds)]}
	for i, bound := range signal.DwellBounds {
		d.Buckets = append(d.Buckets, signal.DwellBucket{UpTo: bound, Orders: counts[i]})
	}
	h.last[state] = d
}
