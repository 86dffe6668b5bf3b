package collectors_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

var quiet = slog.New(slog.DiscardHandler)

// reader reads what read says.
type reader struct {
	read   func(ctx context.Context, n int, r *signal.Report) error
	n      int
	closed bool
}

func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	r.n++
	return r.read(ctx, r.n, report)
}

func (r *reader) Close() error { r.closed = true; return nil }

// sink keeps reports.
type sink struct {
	mu      sync.Mutex
	reports []signal.Report
}

func (s *sink) Report(r signal.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, r)
}

func (s *sink) all() []signal.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reports)
}

func poll(name string, r *reader) collectors.Collector {
	schedule := collectors.Schedule{Interval: config.Duration(15 * time.Second), Timeout: config.Duration(10 * time.Second)}
	return collectors.Poll(signal.TargetID{Collector: "fake", Target: name}, schedule, quiet, func() collectors.Reader { return r })
}

// play runs collectors for d of fake time, ends them, and returns what they
// reported.
func play(t *testing.T, d time.Duration, all ...collectors.Collector) []signal.Report {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &sink{}
	var running sync.WaitGroup
	for _, c := range all {
		running.Go(func() {
			if err := c.Run(ctx, s); err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	time.Sleep(d) // fake time: it passes when everything else waits
	cancel()
	running.Wait()
	return s.all()
}

func oneQueue(r *signal.Report) {
	r.Queues = []signal.Queue{signal.NewQueue(signal.QueueID{Destination: "orders"})}
}

func TestPollReadsOnItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }}
		reports := play(t, 150*time.Second, poll("a", r))
		if n := len(reports); n < 9 || n > 11 {
			t.Errorf("%d readings in ten intervals", n)
		}
		for _, r := range reports {
			if !r.Complete() || r.At.IsZero() || r.Interval != 15*time.Second || r.Target != "a" {
				t.Fatalf("report %+v", r)
			}
		}
		if !r.closed {
			t.Error("the reader was not closed")
		}
	})
}

func TestPollHangingTargetDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := &reader{read: func(ctx context.Context, _ int, _ *signal.Report) error { <-ctx.Done(); return ctx.Err() }}
		works := &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return nil }}
		reports := play(t, 150*time.Second, poll("hangs", hangs), poll("works", works))
		whole, timeouts := 0, 0
		for _, r := range reports {
			switch {
			case r.Target == "works" && r.Complete():
				whole++
			case r.Target == "hangs" && errors.Is(r.Err, context.DeadlineExceeded):
				timeouts++
			default:
				t.Errorf("unexpected report %+v", r)
			}
		}
		if whole < 9 || timeouts < 3 {
			t.Errorf("%d whole readings, %d timeouts", whole, timeouts)
		}
	})
}

func TestPollReportsAReadingThatIgnoresItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{read: func(_ context.Context, n int, r *signal.Report) error {
			if n == 1 {
				time.Sleep(time.Minute)
			}
			oneQueue(r)
			return nil
		}}
		reports := play(t, 2*time.Minute, poll("deaf", r))
		if len(reports) < 2 || reports[0].Err == nil || !reports[0].Empty() {
			t.Fatalf("the first report must say that the reading hangs: %+v", reports)
		}
		if reports[0].Duration > 12*time.Second {
			t.Errorf("told only after %s", reports[0].Duration)
		}
		if !reports[1].Complete() {
			t.Errorf("the late reading was lost: %+v", reports[1])
		}
	})
}

func TestPollSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{read: func(_ context.Context, n int, r *signal.Report) error {
			oneQueue(r)
			if n == 2 {
				panic("index out of range")
			}
			return nil
		}}
		reports := play(t, time.Minute, poll("buggy", r))
		if len(reports) < 3 {
			t.Fatalf("%d reports", len(reports))
		}
		if reports[1].Err == nil || !reports[1].Empty() {
			t.Errorf("the panic is not an error: %+v", reports[1])
		}
		if !reports[2].Complete() {
			t.Errorf("not read after the panic: %+v", reports[2])
		}
	})
}

func TestPollKeepsAPartialReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broker 3 is down")
		r := &reader{read: func(_ context.Context, _ int, r *signal.Report) error { oneQueue(r); return broken }}
		reports := play(t, 150*time.Second, poll("partial", r))
		if len(reports) < 9 {
			t.Errorf("%d readings: a partial reading must not trip the breaker", len(reports))
		}
		for _, r := range reports {
			if !errors.Is(r.Err, broken) || r.Empty() {
				t.Errorf("report %+v", r)
			}
		}
	})
}

func TestPollAsksAFailingTargetMoreRarelyAndSeesItComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := &reader{read: func(_ context.Context, _ int, r *signal.Report) error {
			if time.Since(began) < 30*time.Minute {
				return errors.New("connection refused")
			}
			oneQueue(r)
			return nil
		}}
		reports := play(t, 35*time.Minute, poll("down", r))
		failed, firstGood := 0, time.Time{}
		for _, r := range reports {
			if r.Err != nil {
				failed++
			} else if firstGood.IsZero() {
				firstGood = r.At
			}
		}
		if failed > 25 {
			t.Errorf("asked %d times in half an hour while it was down", failed)
		}
		if late := firstGood.Sub(began) - 30*time.Minute; firstGood.IsZero() || late > 135*time.Second {
			t.Errorf("seen again %s after it came back", late)
		}
	})
}

func TestPollEndsAtOnceAndReportsNothingOfTheShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{read: func(ctx context.Context, _ int, _ *signal.Report) error { <-ctx.Done(); return ctx.Err() }}
		began := time.Now()
		reports := play(t, 5*time.Second, poll("hangs", r))
		if len(reports) != 0 {
			t.Errorf("reports %+v", reports)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("ended after %s", took)
		}
	})
}
