package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// restartAfter is the first delay before a collector that ended by itself restarts. The
// delays grow like those of a failing target.
const restartAfter = time.Second

// errEnded is the error of a collector that ended without one.
var errEnded = errors.New("it returned before it was stopped; this is a bug in lostorder")

// supervise runs a collector until ctx ends. A collector that ends by itself, or
// panics, makes its target red and is started again. idle is true while no
// collector runs.
func supervise(ctx context.Context, t Target, log *slog.Logger, sink Sink, idle *atomic.Bool) {
	backOff := breaker{interval: restartAfter}
	for {
		began := time.Now()
		err := runGuarded(ctx, t, log, sink)
		if ctx.Err() != nil && err == nil {
			return
		}
		if err == nil {
			err = errEnded
		}
		if time.Since(began) > breakerMaxDelay {
			backOff.failures = 0 // it worked for a while
		}
		err = fmt.Errorf("collector stopped: %w", err)
		if backOff.observe(true, err) {
			log.Error("collector stopped; restarting it", "err", err)
		}
		idle.Store(true)
		sink.Report(signal.Report{TargetID: t.ID, At: time.Now(), Err: err})
		if !sleep(ctx, backOff.next(rand.Float64())) {
			return
		}
		idle.Store(false)
	}
}

// runGuarded runs a collector and turns a panic of it into an error.
func runGuarded(ctx context.Context, t Target, log *slog.Logger, sink Sink) (err error) {
	defer func() {
		if v := recover(); v != nil {
			log.Error("collector panicked; this is a bug in lostorder, please report it", "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("collector panicked: %v", v)
		}
	}()
	return t.New(log).Run(ctx, sink)
}
