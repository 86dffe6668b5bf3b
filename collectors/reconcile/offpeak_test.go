package reconcile_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones, wherever the test runs

	"github.com/lostorder/lostorder/collectors/reconcile"
)

func TestOffPeakHoursAcrossClockChanges(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		schedule string
		noon     time.Time      // of the day before
		zone     *time.Location // of the clock
		works    time.Duration  // in the 24 hours from noon on
	}{
		"a normal night":                      {"* 1-5 * * *", time.Date(2026, 6, 1, 12, 0, 0, 0, berlin), berlin, 5 * time.Hour},
		"the skipped hour":                    {"* 1-5 * * *", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), berlin, 4 * time.Hour},
		"the repeated hour":                   {"* 1-5 * * *", time.Date(2026, 10, 24, 12, 0, 0, 0, berlin), berlin, 6 * time.Hour},
		"only in the skipped hour":            {"* 2 * * *", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), berlin, 0},
		"only in the repeated hour":           {"* 2 * * *", time.Date(2026, 10, 24, 12, 0, 0, 0, berlin), berlin, 2 * time.Hour},
		"across midnight":                     {"* 22-23,0-4 * * *", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), berlin, 6 * time.Hour},
		"a clock in UTC":                      {"* 1-5 * * *", time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC), time.UTC, 5 * time.Hour},
		"a zone other than that of the clock": {"CRON_TZ=Europe/Berlin * 1-5 * * *", time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC), time.UTC, 4 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var works time.Duration
			var hours []int
			for at := tc.noon; at.Before(tc.noon.Add(24 * time.Hour)); at = at.Add(time.Minute) {
				if reconcile.MayRun(tc.schedule, at.In(tc.zone).Add(37*time.Second)) {
					works += time.Minute
					if h := at.In(tc.zone).Hour(); len(hours) == 0 || hours[len(hours)-1] != h {
						hours = append(hours, h)
					}
				}
			}
			if works != tc.works {
				t.Errorf("it works for %s, in the hours %v; want %s", works, hours, tc.works)
			}
		})
	}
}
