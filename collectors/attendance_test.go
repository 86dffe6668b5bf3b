package collectors_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestConsumersBelongToAQueueOnlyIfTheyStay: an operator who handles some dead letters does
// not make a dead letter queue a queue that is processed.
func TestConsumersBelongToAQueueOnlyIfTheyStay(t *testing.T) {
	const start = signal.Instant(1_760_000_000_000)
	long := slices.Repeat([]signal.Count{1}, 12)
	none := slices.Repeat([]signal.Count{0}, 12)
	for name, test := range map[string]struct {
		consumers []signal.Count // one a minute
		want      bool
	}{
		"none":                                 {none, false},
		"connected when lostorder starts":      {[]signal.Count{1}, true},
		"connected for a moment":               {[]signal.Count{0, 1, 1, 0}, false},
		"connected at the start, for a moment": {[]signal.Count{1, 1, 0}, false},
		"connected for long":                   {append([]signal.Count{0}, long...), true},
		"gone a moment ago, after a long stay": {append(long, 0, 0), true},
		"gone for longer than they stayed":     {append(append(slices.Clone(long), none...), 0), false},
		"not read":                             {[]signal.Count{0, signal.Unknown, signal.Unknown}, false},
		"not read for a moment, in a long stay": {
			append(append(slices.Clone(long), signal.Unknown), 1), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var a collectors.Attendance
			for i, n := range test.consumers {
				a.Observe(n, start.Add(time.Duration(i)*time.Minute))
			}
			if a.Own() != test.want {
				t.Errorf("got %v", a.Own())
			}
		})
	}
}
