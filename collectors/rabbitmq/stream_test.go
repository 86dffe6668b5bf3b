package rabbitmq

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestStreamConsumerAdvancesOrStandsStill plays readings of ten seconds, in which a hundred
// messages arrive. The length of the stream and the lag are taken at different moments.
func TestStreamConsumerAdvancesOrStandsStill(t *testing.T) {
	off := []signal.Count{0, 30, -30, 10, -10}
	type reading struct{ length, lag, acked signal.Count }
	for name, tc := range map[string]struct {
		at    func(i signal.Count) reading
		moves bool // the position changes after the first minute
		waits bool
	}{
		"it stands still, by its lag": {at: func(i signal.Count) reading {
			return reading{1000 + 100*i, 500 + 100*i + off[i%5], signal.Unknown}
		}, waits: true},
		"it stands still, by its lag, and after a while nothing arrives": {at: func(i signal.Count) reading {
			if i < 20 {
				return reading{1000 + 100*i, 500 + 100*i + off[(i+1)%5], signal.Unknown}
			}
			return reading{3000, 2500, signal.Unknown}
		}, waits: true},
		"it is slow and advances": {at: func(i signal.Count) reading {
			return reading{1000 + 100*i, 500 + 70*i + off[i%5], signal.Unknown}
		}, moves: true, waits: true},
		"it keeps up": {at: func(i signal.Count) reading {
			return reading{1000 + 100*i, 40 + off[i%5], signal.Unknown}
		}, moves: true, waits: true},
		"it acknowledges nothing": {at: func(i signal.Count) reading {
			return reading{1000 + 100*i, signal.Unknown, 7}
		}, waits: true},
		"it acknowledges some": {at: func(i signal.Count) reading {
			return reading{1000 + 100*i, signal.Unknown, 7 + i}
		}, moves: true},
		"it acknowledges nothing, and nothing arrives": {at: func(signal.Count) reading {
			return reading{1000, signal.Unknown, 7}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var f follower
			begin := signal.InstantOf(time.Unix(1_800_000_000, 0))
			var settled signal.Partition
			for i := range signal.Count(60) {
				r := tc.at(i)
				c := unknownCounts
				c.ready, c.lag, c.acked, c.delivered, c.consumers = r.length, r.lag, r.acked, r.acked+10, 1
				c.deliveriesKnown, c.lagShown = true, true
				part, known := f.follow(&c, begin.Add(time.Duration(i)*10*time.Second))
				switch {
				case !known:
					t.Fatalf("reading %d: nothing is known", i)
				case i == 6:
					settled = part
				case i > 6 && !tc.moves && part.Committed != settled.Committed:
					t.Fatalf("reading %d: at %d, before at %d", i, part.Committed, settled.Committed)
				case i == 59 && (part.Committed != settled.Committed) != tc.moves:
					t.Errorf("at %d, before at %d", part.Committed, settled.Committed)
				case i == 59 && (part.Lag() > 0) != tc.waits:
					t.Errorf("%d messages wait", part.Lag())
				}
			}
			c := unknownCounts
			c.ready, c.consumers, c.delivered, c.deliveriesKnown, c.lagShown = 10, 0, 10, true, true
			if _, known := f.follow(&c, begin.Add(time.Hour)); known {
				t.Error("a stream without consumers has a position")
			}
			if c.consumers, c.lagShown = 1, false; c.holdsStream() {
				t.Error("a consumer whose lag a broker does not show looks like one that stands still")
			}
		})
	}
}
