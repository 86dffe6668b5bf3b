//go:build integration

package sqs_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealAbsurdAgesAreNone: no publisher sets an age in SQS. AWS stamps each message, and
// CloudWatch measures; an emulator may measure anything. The test publishes the values.
func TestRealAbsurdAgesAreNone(t *testing.T) {
	s := real(t)
	now := time.Now().Truncate(time.Minute)
	cases := map[string]struct {
		seconds float64
		want    time.Duration // 0: none
	}{
		"negative":                   {-600, 0},
		"zero":                       {0, 0},
		"plausible":                  {600, 600 * time.Second},
		"almost-the-retention":       {3590, 3590 * time.Second},
		"in-milliseconds":            {600_000_000, 0},
		"a-moment-since-1970":        {float64(now.Unix()), 0},
		"a-moment-in-milliseconds":   {float64(now.UnixMilli()), 0},
		"more-than-a-duration-holds": {1e13, 0},
	}
	for name, c := range cases {
		send(t, s.client, s.queue(name, "MessageRetentionPeriod", "3600"), 1)
		s.put(s.prefix+name, now.Add(-time.Minute), map[string]float64{"ApproximateAgeOfOldestMessage": c.seconds})
	}
	r := whole(t, watch(t, s.settings("cloudwatch: {interval: 1m, delay: 1m}")))
	for name, c := range cases {
		age := queueIn(t, r, s.prefix+name).Oldest
		if old := age.At(signal.InstantOf(now)); c.want > 0 && (old != c.want || age.Bound != signal.AtLeast) || c.want == 0 && (age.Bound != signal.Estimated || old != 0) {
			t.Errorf("%s: the age is %s (%s), want %s", name, old, age.Bound, c.want)
		}
	}
}
