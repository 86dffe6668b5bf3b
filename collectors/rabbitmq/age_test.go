package rabbitmq

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestAgeIsNoLessThanTheTimeWithoutProgress: the broker counts published messages and those
// that wait at different moments, so that their difference rises and falls.
func TestAgeIsNoLessThanTheTimeWithoutProgress(t *testing.T) {
	begin := signal.InstantOf(time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC))
	type reading struct{ published, ready signal.Count }
	for sentence, c := range map[string]struct {
		readings []reading
		since    int // the reading from which on a message waits
	}{
		"messages arrive and none leaves":                     {[]reading{{100, 50}, {110, 60}, {120, 70}}, 0},
		"the counter of published messages is read later":     {[]reading{{100, 50}, {115, 60}, {123, 70}, {138, 80}}, 0},
		"it is read earlier":                                  {[]reading{{100, 50}, {105, 60}, {119, 70}, {121, 80}}, 0},
		"a few expire, and older ones wait":                   {[]reading{{100, 50}, {100, 40}, {100, 30}}, 0},
		"the queue is purged":                                 {[]reading{{100, 50}, {110, 60}, {112, 2}}, 2},
		"all that waited left, and as many came":              {[]reading{{100, 50}, {150, 50}, {160, 60}}, 1},
		"the counters restart with the node":                  {[]reading{{100, 50}, {5, 55}, {9, 59}}, 1},
		"nothing has been published since the node restarted": {[]reading{{signal.Unknown, 50}, {signal.Unknown, 50}}, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			q := &queue{setup: setup{signal: &signal.Setup{MaxMessages: signal.Unknown, MaxBytes: signal.Unknown}}, history: newHistory()}
			var age signal.Age
			for i, r := range c.readings {
				q.counts = counts{published: r.published, ready: r.ready, unacked: 0, acked: 50, deliveriesKnown: true}
				age = q.age(begin.Add(time.Duration(i) * time.Minute))
			}
			if want := begin.Add(time.Duration(c.since) * time.Minute); age.Since != want || age.Bound != signal.AtLeast {
				t.Errorf("waits since %s (%s), want %s", age.Since.Time(), age.Bound, want.Time())
			}
		})
	}
}
