package collectors_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// runner is a collector that does what a function does.
type runner func(context.Context, collectors.Sink) error

// Run does it.
func (r runner) Run(ctx context.Context, sink collectors.Sink) error { return r(ctx, sink) }

// adviser is a reader that fails and has advice.
type adviser struct{ closed *bool }

func (adviser) Read(_ context.Context, r *signal.Report) error {
	r.Warnings = []string{"a clock is ahead"}
	return errors.New("no right to read")
}

func (a adviser) Close() error { *a.closed = true; return nil }

func (adviser) Advise(context.Context) []collectors.Advice {
	return []collectors.Advice{{Kind: collectors.Grant, Paste: "GRANT"}}
}

func target(c collectors.Collector) collectors.Target {
	return collectors.Target{ID: signal.TargetID{Collector: "any", Target: "one"}, New: func(*slog.Logger) collectors.Collector { return c }}
}

func TestATargetIsReadOnceAndAskedForAdvice(t *testing.T) {
	closed := false
	id := signal.TargetID{Collector: "any", Target: "one"}
	schedule := collectors.Schedule{Interval: config.Duration(time.Hour), Timeout: config.Duration(time.Second)}
	e := collectors.Examine(t.Context(), target(collectors.Poll(id, schedule, slog.New(slog.DiscardHandler), func() collectors.Reader { return adviser{&closed} })))
	if e.Report.TargetID != id || e.Report.Err == nil || len(e.Report.Warnings) != 1 || len(e.Advice) != 1 || !closed {
		t.Errorf("examined: %+v, closed %v", e, closed)
	}
}

func TestATargetThatIsNotPolledIsWatchedUntilItsFirstReport(t *testing.T) {
	for name, test := range map[string]struct {
		run  runner
		want string
	}{
		"reports": {func(ctx context.Context, sink collectors.Sink) error {
			for range 3 {
				sink.Report(signal.Report{Warnings: []string{"seen"}})
			}
			<-ctx.Done()
			return nil
		}, ""},
		"ends":          {func(context.Context, collectors.Sink) error { return errors.New("no such broker") }, "no such broker"},
		"ends silently": {func(context.Context, collectors.Sink) error { return nil }, "ended without a reading"},
		"panics":        {func(context.Context, collectors.Sink) error { panic("oops") }, "panicked"},
	} {
		e := collectors.Examine(t.Context(), target(test.run))
		switch {
		case test.want == "" && (e.Report.Err != nil || len(e.Report.Warnings) != 1):
			t.Errorf("%s: %+v", name, e)
		case test.want != "" && (e.Report.Err == nil || !strings.Contains(e.Report.Err.Error(), test.want)):
			t.Errorf("%s: %v, want %s", name, e.Report.Err, test.want)
		}
	}
}
