package propose

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/phrase"
)

// steps are the durations that people write.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 3 * day, 7 * day, 14 * day, 30 * day, 60 * day, 90 * day, 180 * day, 365 * day,
}

const day = 24 * time.Hour

// Round is the next duration that people write.
func Round(d time.Duration) config.Duration {
	for _, step := range steps {
		if d <= step {
			return config.Duration(step)
		}
	}
	return config.Duration((d/(365*day) + 1) * 365 * day)
}

// quantiles are the half, the 95 and the 99 per cent, and the longest of some durations.
type quantiles struct {
	n                  int
	p50, p95, p99, max time.Duration
}

func quantilesOf(all []time.Duration) (q quantiles) {
	if len(all) == 0 {
		return q
	}
	sorted := slices.Sorted(slices.Values(all))
	at := func(share float64) time.Duration { return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))] }
	return quantiles{len(sorted), at(0.5), at(0.95), at(0.99), sorted[len(sorted)-1]}
}

// String says what was seen.
func (q quantiles) String() string {
	return fmt.Sprintf("half within %s, 95 %% within %s, 99 %% within %s, the longest %s", span(q.p50), span(q.p95), span(q.p99), span(q.max))
}

// span writes a duration of any size.
func span(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", max(0, d).Seconds())
	}
	return phrase.Ago(d)
}

// down is the longest duration that people write and that is no longer.
func down(d time.Duration) config.Duration {
	for _, step := range slices.Backward(steps) {
		if step <= d {
			return config.Duration(step)
		}
	}
	return config.Duration(steps[0])
}
