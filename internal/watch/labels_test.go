package watch_test

import (
	"bytes"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestFindingsHaveTheLabelsThatTheConfigGivesTheirTarget(t *testing.T) {
	c := newClock()
	var out bytes.Buffer
	w := watch.New(c.time, slog.New(slog.NewTextHandler(&out, nil)), nil)
	want := signal.Labels{"team": "payments", "tier": "1"}
	w.Expect([]collectors.Target{collectors.Target{ID: orders}.Labelled(collectors.Labels(want))})
	w.Report(overdue(c.time()))
	open := w.Snapshot().Open
	if len(open) != 1 || !maps.Equal(open[0].Labels, want) {
		t.Errorf("the findings are %+v, want one with the labels %v", open, want)
	}
	if !strings.Contains(out.String(), "label_team=payments label_tier=1") {
		t.Errorf("the log does not name the labels:\n%s", out.String())
	}

	// A changed config changes them with the next reading.
	w.Expect([]collectors.Target{{ID: orders}})
	w.Report(overdue(c.pass(interval)))
	if open := w.Snapshot().Open; len(open) != 1 || len(open[0].Labels) > 0 {
		t.Errorf("the findings are %+v, want one without labels", open)
	}
}
