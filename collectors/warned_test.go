package collectors

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestAWarningIsLoggedOnceAnHour(t *testing.T) {
	start := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	w := warned{}
	for _, c := range []struct {
		what     string
		after    time.Duration
		warnings []string
		want     []string
	}{
		{"the first time", 0, []string{"the clock is 7s ahead", "no index"}, []string{"the clock is 7s ahead", "no index"}},
		{"with another number", time.Minute, []string{"the clock is 12s ahead", "no index"}, nil},
		{"beside a new one", 2 * time.Minute, []string{"the clock is 8s ahead", "3 rows without a moment"}, []string{"3 rows without a moment"}},
		{"when it went and came back", 3 * time.Minute, []string{"no index"}, nil},
		{"after an hour", time.Hour, []string{"the clock is 9s ahead", "2 rows without a moment"}, []string{"the clock is 9s ahead"}},
		{"when there is none", 2 * time.Hour, nil, nil},
	} {
		if got := w.news(c.warnings, start.Add(c.after)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
	logged := 0
	for i := range 1000 { // the names of rows, perhaps
		logged += len(w.news([]string{fmt.Sprintf("row %c%c", 'a'+i/26%26, 'a'+i%26)}, start))
	}
	if logged != warningsKept-3 {
		t.Errorf("%d were logged, and three before", logged)
	}
}
