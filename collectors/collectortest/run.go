package collectortest

import (
	"bytes"
	"context"
	"log/slog"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// patience is how long a test waits for an expected event. It bounds a failing test
	// and delays no passing one.
	patience = 2 * time.Minute
	// goodbye is how long a collector may take to end. It should end at once; the rest is
	// for a busy machine.
	goodbye = 30 * time.Second
)

// running is a running collector with its reports and log.
type running struct {
	t       *testing.T
	env     Env
	mark    string
	cancel  context.CancelFunc
	done    chan error
	reports chan signal.Report
	once    sync.Once

	mu   sync.Mutex
	said bytes.Buffer
}

// launch starts the collector of env; it is stopped at the end of the test.
func launch(t *testing.T, env Env) *running {
	t.Helper()
	return launchIn(t.Context(), t, env)
}

// launchIn is launch with the values of a context, without its cancellation.
func launchIn(ctx context.Context, t *testing.T, env Env) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &running{
		t: t, env: env, mark: t.Name(), cancel: cancel,
		done: make(chan error, 1), reports: make(chan signal.Report, 10_000),
	}
	log := slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))
	go pprof.Do(ctx, pprof.Labels(label, r.mark), func(ctx context.Context) {
		r.done <- env.Target.New(log).Run(ctx, r)
	})
	t.Cleanup(r.stop)
	return r
}

// Report takes what the collector reports.
func (r *running) Report(report signal.Report) {
	r.mu.Lock()
	if report.Err != nil {
		r.said.WriteString(report.Err.Error() + "\n")
	}
	for _, warning := range report.Warnings {
		r.said.WriteString(warning + "\n")
	}
	r.mu.Unlock()
	select {
	case r.reports <- report:
	default: // the test waits for no further report
	}
}

// Write takes what the collector logs.
func (r *running) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(line)
}

// await returns the first report that matches, and fails the test if none comes.
func (r *running) await(what string, so func(signal.Report) bool) signal.Report {
	r.t.Helper()
	timeout := time.After(patience)
	var last signal.Report
	for {
		select {
		case last = <-r.reports:
			if so(last) {
				return last
			}
		case err := <-r.done:
			r.done <- err
			r.t.Fatalf("the collector ended (%v) while the test waited for %s", err, what)
		case <-timeout:
			r.t.Fatalf("%s did not come within %s; the last report had %d queues, %d dead letter queues, %d outboxes, %d lifecycles and the error: %v",
				what, patience, len(last.Queues), len(last.DeadLetters), len(last.Outboxes), len(last.Lifecycles), last.Err)
		}
	}
}

// stop cancels the collector and checks that it ended soon, without an error, without
// goroutines left, and without a secret in its output.
func (r *running) stop() {
	r.once.Do(func() {
		r.t.Helper()
		r.cancel()
		select {
		case err := <-r.done:
			r.done <- err
			if err != nil {
				r.t.Errorf("Run returned %v when it was cancelled, want nil", err)
			}
		case <-time.After(goodbye):
			r.t.Errorf("Run did not return within %s of being cancelled:\n%s", goodbye, left(r.mark))
			return
		}
		// Cancelled goroutines may need a moment to end.
		deadline := time.Now().Add(goodbye)
		for left(r.mark) != "" {
			if time.Now().After(deadline) {
				r.t.Errorf("Run returned and left this running:\n%s", left(r.mark))
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, secret := range r.env.Secrets {
			if said := r.said.String(); strings.Contains(said, secret) {
				r.t.Errorf("a secret was named:\n%s", strings.ReplaceAll(said, secret, "<SECRET>"))
			}
		}
	})
}
