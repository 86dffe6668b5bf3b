package kafka

import (
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestPartitionIsSampledAgainWhileItNamesFewOfItsMessages(t *testing.T) {
	named := func(n int) []signal.OrderRef { return make([]signal.OrderRef, n) }
	for name, c := range map[string]struct {
		sample headSample
		end    int64
		due    bool
	}{
		"a new one":                               {headSample{next: 3}, 5, true},
		"all messages are named":                  {headSample{next: 5, end: 5, visible: true, waiting: named(2)}, 5, false},
		"more arrived":                            {headSample{next: 5, end: 5, visible: true, waiting: named(2)}, 6, true},
		"more arrived a moment ago":               {headSample{next: 5, end: 5, visible: true, waiting: named(2), at: signal.Instant(2 * sampleAgain)}, 6, false},
		"more arrived, and enough are named":      {headSample{next: 15, end: 15, visible: true, waiting: named(namesKept)}, 16, false},
		"more arrived, and messages name nothing": {headSample{next: 5, end: 5, visible: true}, 6, false},
		"nothing was visible, and more arrived":   {headSample{next: 5, end: 5, at: signal.Instant(2 * sampleAgain)}, 6, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.sample.due(&signal.Partition{End: c.end}, signal.Instant(2*sampleAgain+1)); got != c.due {
				t.Errorf("it is due: %t", got)
			}
		})
	}
}
