package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
	"github.com/lostorder/lostorder/internal/turn"
)

// hangGrace is how long a reading may take beyond its timeout before it is reported as
// hanging. A reader that respects its context needs none of it.
const hangGrace = time.Second

// poller is the loop of a polled target.
type poller struct {
	id       signal.TargetID
	schedule Schedule
	open     func() Reader
	log      *slog.Logger
	jitter   func() float64 // in [0,1)
	warned   warned
}

// Poll returns a collector that reads a target on its own schedule: with jitter, so that
// many targets are not read at once, with a timeout, and with a breaker that reads a
// failing target less often. A reader that hangs or panics makes only its own target
// red.
func Poll(id signal.TargetID, schedule Schedule, log *slog.Logger, open func() Reader) Collector {
	return &poller{id: id, schedule: schedule, open: open, log: log, jitter: rand.Float64, warned: warned{}}
}

// Run reads until ctx ends.
func (p *poller) Run(ctx context.Context, sink Sink) error {
	reader := p.open()
	memory := recall(ctx, p.id, reader, p.log)
	defer func() {
		memory.keep(true)
		if err := reader.Close(); err != nil {
			p.log.Debug("close target", "err", err)
		}
	}()

	breaker := breaker{interval: time.Duration(p.schedule.Interval)}
	delay := p.firstDelay(ctx)
	for {
		if !sleep(ctx, delay) {
			return nil
		}
		if permitter, ok := sink.(Permitter); ok && !permitter.MayRead(p.id) {
			delay = min(time.Second, time.Duration(p.schedule.Interval)) // until it is stopped, or permitted again
			continue
		}
		began := time.Now()
		report := p.read(ctx, reader, sink)
		if ctx.Err() != nil {
			return nil // a reading interrupted by the shutdown proves nothing about the target
		}
		memory.keep(false)
		sink.Report(report)
		if r, redacts := sink.(Redactor); redacts {
			report = r.Redact(report)
		}
		p.note(&report, &breaker)
		delay = breaker.next(p.jitter()) - time.Since(began)
	}
}

// read takes one reading and waits for its end, however long that takes, so that readings
// never overlap. A reading that exceeds its timeout is reported as failed at once.
func (p *poller) read(ctx context.Context, reader Reader, sink Sink) signal.Report {
	timeout := time.Duration(p.schedule.Timeout)
	// Waiting for its turn makes a reading late. It does not count towards the timeout.
	readCtx, cancel := turn.WithTimeout(ctx, timeout)
	defer cancel()

	readCtx, end := span.Cycle(readCtx, p.id.Collector, p.id.Target)
	report := signal.Report{TargetID: p.id, Interval: time.Duration(p.schedule.Interval)}
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- p.guard(readCtx, reader, &report) }()

	var err error
	select {
	case err = <-done:
	case <-readCtx.Done():
		err = p.overrun(ctx, done, began, sink)
	}
	if errors.Is(err, context.DeadlineExceeded) && readCtx.Err() != nil {
		err = fmt.Errorf("timeout after %s: %w", timeout, err)
	}
	end(err)
	report.Err = err
	report.At = time.Now()
	report.Duration = time.Since(began)
	return report
}

// overrun waits for the end of a reading whose timeout has passed. If it does not end at
// once, it is reported as hanging.
func (p *poller) overrun(ctx context.Context, done <-chan error, began time.Time, sink Sink) error {
	grace := time.NewTimer(hangGrace)
	defer grace.Stop()
	select {
	case err := <-done:
		return err
	case <-grace.C:
	}
	if ctx.Err() == nil {
		hanging := signal.Report{TargetID: p.id, Interval: time.Duration(p.schedule.Interval), At: time.Now(), Duration: time.Since(began)}
		hanging.Err = fmt.Errorf("reading did not end within its timeout of %s and is still running", time.Duration(p.schedule.Timeout))
		sink.Report(hanging)
		p.log.Warn("target hangs", "err", hanging.Err)
	}
	return <-done
}

// guard turns a panic of the reader into an error of its target.
func (p *poller) guard(ctx context.Context, reader Reader, r *signal.Report) (err error) {
	defer func() {
		if v := recover(); v != nil {
			p.log.Error("collector panicked; this is a bug in lostorder, please report it", "panic", v, "stack", string(debug.Stack()))
			*r = signal.Report{TargetID: r.TargetID, Interval: r.Interval}
			err = fmt.Errorf("collector panicked: %v", v)
		}
	}()
	return reader.Read(ctx, r)
}

// note logs changes of a target's health, not every failure, and its warnings.
func (p *poller) note(r *signal.Report, b *breaker) {
	failed := r.Err != nil && r.Empty()
	change := b.observe(failed, r.Err)
	switch {
	case !change:
	case r.Err == nil:
		p.log.Info("target can be read again", "took", r.Duration)
	case failed:
		p.log.Warn("target cannot be read", "err", r.Err, "took", r.Duration)
	default:
		p.log.Warn("target is read in part", "err", r.Err, "took", r.Duration)
	}
	for _, text := range p.warned.news(r.Warnings, r.At) {
		p.log.Warn("target has something to fix", "warning", text)
	}
}

// sleep waits for d and returns false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
