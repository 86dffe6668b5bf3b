package database_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestOfAReplicaCountsWhatItKnew(t *testing.T) {
	const over = "; what it shows may be over by now, and counts as late only where it was late then"
	for name, test := range map[string]struct {
		behind, lag time.Duration
		halted      string
		warning     string
		stale       time.Duration // -1: not known
	}{
		"not behind":                       {0, 0, "", "", 0},
		"behind as it may be":              {20 * time.Second, time.Minute, "", "", 0},
		"hardly behind":                    {4 * time.Second, 0, "", "", 4 * time.Second},
		"behind":                           {20 * time.Second, 0, "", "database shop is a read replica that is 20s behind" + over, 20 * time.Second},
		"further behind than it may be":    {2 * time.Minute, time.Minute, "", "database shop is a read replica that is 2m0s behind" + over, time.Minute},
		"stopped a moment ago":             {2 * time.Second, 0, "is stopped", "", 2 * time.Second},
		"stopped for less than it may be":  {20 * time.Second, time.Minute, "is stopped", "", 0},
		"stopped":                          {20 * time.Second, 0, "is stopped", "database shop is a read replica that is stopped; it was last seen to follow 20s ago" + over, 20 * time.Second},
		"stopped since nobody knows when":  {database.Undated, 0, "is stopped", "database shop is a read replica that is stopped, and as of when it shows what it shows is not known; that may be over by now, and none of it counts as late", -1},
		"the same, though it may be late,": {database.Undated, time.Hour, "is stopped", "database shop is a read replica that is stopped, and as of when it shows what it shows is not known; that may be over by now, and none of it counts as late", -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := database.ReplicaClock(test.behind, test.lag, test.halted)
			if got := c.Warning("shop"); got != test.warning {
				t.Errorf("the warning is %q, want %q", got, test.warning)
			}
			if by, known := c.Stale(); known != (test.stale >= 0) || known && by != test.stale {
				t.Errorf("it is stale by %s (%v), want %s", by, known, test.stale)
			}
			now := c.Instant(time.Now().Add(time.Hour).UnixMilli()) // no later than when it was asked
			if since, most := now.Sub(signal.Instant(c.Before(time.Minute))), time.Minute+max(test.lag, test.behind, 0); since != most {
				t.Errorf("late since a minute is what began %s ago, want %s", since, most)
			}
		})
	}
}
