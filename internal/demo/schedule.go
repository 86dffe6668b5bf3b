package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// settle is the time kept at the end, so that the last fault can be found.
	settle = 3 * time.Second
	// apart is the least time between a fault and its benign twin. Both use the same
	// service.
	apart = 3 * time.Second
)

// lane is one fault and its benign twin, one after the other. Lanes run in parallel.
type lane struct {
	fault     fault
	twinFirst bool
	first     time.Duration // from the start of the demo to the first of the two
	between   time.Duration // from the end of the first to the second
}

// needs returns the least time that a fault and its benign twin take.
func (f *fault) needs() time.Duration {
	all := settle + apart + f.lasts + f.twinLasts
	if f.mode == signal.MessageLost {
		all += 2 * pollInterval // its injection waits before it deletes
	}
	return all
}

// plan spreads the faults over a duration. It depends on rng alone.
func plan(faults []fault, duration time.Duration, rng *rand.Rand) ([]lane, error) {
	lanes := make([]lane, 0, len(faults))
	var longest fault
	for _, f := range faults {
		if f.needs() > longest.needs() {
			longest = f
		}
	}
	if needs := longest.needs(); len(faults) > 0 && needs > duration {
		return nil, fmt.Errorf("%s needs %s; use --duration=%s or longer, or leave it out with --faults", longest.mode, needs, (needs + time.Second - 1).Truncate(time.Second))
	}
	for _, f := range faults {
		room := duration - f.needs()
		first := time.Duration(rng.Int64N(int64(room) + 1))
		lanes = append(lanes, lane{
			fault: f, twinFirst: rng.IntN(2) == 0, first: first,
			between: apart + time.Duration(rng.Int64N(int64(room-first)+1)),
		})
	}
	return lanes, nil
}
