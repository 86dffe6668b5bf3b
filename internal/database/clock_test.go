package database_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestOfAReplicaCountsWhatItKnew(t *testing.T) {
	const over = "; lostorder counts as late only what was late in the replica's data"
	for name, test := range map[string]struct {
		behind, lag time.Duration
		halted      string
		warning     string
		excess      time.Duration // -1: not known
	}{
		"not behind":                    {0, 0, "", "", 0},
		"behind as allowed":             {20 * time.Second, time.Minute, "", "", 0},
		"hardly behind":                 {4 * time.Second, 0, "", "", 4 * time.Second},
		"behind":                        {20 * time.Second, 0, "", "database shop is a read replica that is 20s behind" + over, 20 * time.Second},
		"further behind than allowed":   {2 * time.Minute, time.Minute, "", "database shop is a read replica that is 2m0s behind" + over, time.Minute},
		"stopped a moment ago":          {2 * time.Second, 0, "is stopped", "", 2 * time.Second},
		"stopped for less than allowed": {20 * time.Second, time.Minute, "is stopped", "", 0},
		"stopped":                       {20 * time.Second, 0, "is stopped", "database shop is a read replica that is stopped and last followed its source 20s ago" + over, 20 * time.Second},
		"stopped at an unknown time":    {database.Undated, 0, "is stopped", "database shop is a read replica that is stopped, and the age of its data is unknown; lostorder counts none of it as late", -1},
		"the same, with an allowed lag": {database.Undated, time.Hour, "is stopped", "database shop is a read replica that is stopped, and the age of its data is unknown; lostorder counts none of it as late", -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := database.ReplicaClock(test.behind, test.lag, test.halted)
			if got := c.Warning("shop"); got != test.warning {
				t.Errorf("the warning is %q, want %q", got, test.warning)
			}
			if by, known := c.ExcessLag(); known != (test.excess >= 0) || known && by != test.excess {
				t.Errorf("it lags too far by %s (%v), want %s", by, known, test.excess)
			}
			now := c.Instant(time.Now().Add(time.Hour).UnixMilli()) // no later than when it was asked
			if since, most := now.Sub(signal.Instant(c.Before(time.Minute))), time.Minute+max(test.lag, test.behind, 0); since != most {
				t.Errorf("late since a minute is what began %s ago, want %s", since, most)
			}
		})
	}
}
