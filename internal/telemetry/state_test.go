package telemetry_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestMemoryThatCannotBeWrittenIsDown(t *testing.T) {
	for sentence, tc := range map[string]struct {
		health *state.Health
		want   string // of all series of the memory; empty: there is none
	}{
		"no memory is configured": {},
		"it cannot be written":    {&state.Health{Err: errors.New("disk full"), Failures: 3}, "lostorder_state_up 0"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := full()
			e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot { return s }, State: func() *state.Health { return tc.health }})
			var got []string
			for _, line := range lines(scrape(t, e, "text")) {
				if strings.HasPrefix(line, "lostorder_state_") {
					got = append(got, line)
				}
			}
			if all := strings.Join(got, "\n"); tc.want == "" && all != "" || !strings.Contains(all, tc.want) {
				t.Errorf("exports %q", all)
			}
		})
	}
}
