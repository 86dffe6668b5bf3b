// Package collectors holds what all sources share: the contract of a collector,
// the loop on which a target is polled, and the manager that starts and stops
// targets. Each source is a folder of its own below it; they never import each
// other. A new source is one folder and one line in builtin.
package collectors

import (
	"context"
	"log/slog"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// A Collector watches one target until ctx ends and reports what it reads. It
// owns what it starts: Run returns when all of it has ended, and returns nil when
// it ended because ctx did.
type Collector interface {
	Run(ctx context.Context, sink Sink) error
}

// A Sink takes reports. A report is whole, or partial with the error that made it
// partial. Report must not block: it is called from every target's own loop.
type Sink interface {
	Report(signal.Report)
}

// A Redactor is a Sink that knows what must not be shown of a report. Redact returns
// the report as it may be logged.
type Redactor interface {
	Redact(signal.Report) signal.Report
}

// A Reader reads one target once. A source that polls supplies one; Poll makes a
// Collector of it.
type Reader interface {
	// Read fills in the readings of r and nothing else of it. It returns what is
	// missing as an error and keeps in r what it could read. It returns soon after
	// ctx ends. Reads of one Reader never overlap.
	Read(ctx context.Context, r *signal.Report) error
	// Close ends the connections. It is called once, after the last Read.
	Close() error
}

// Schedule is when a polled target is read. It is part of every polled source's
// config.
type Schedule struct {
	Interval config.Duration `yaml:"interval" default:"15s" min:"100ms" doc:"How often the target is read."`
	Timeout  config.Duration `yaml:"timeout" default:"10s" min:"100ms" doc:"How long one reading may take before the target is shown as failed."`
}

// A Target is one thing to watch, ready to be started.
type Target struct {
	ID signal.TargetID
	// Config is all that decides how the target is read. On a reload a target whose
	// config is deeply equal goes on undisturbed.
	Config any
	// New makes the collector. It must not connect: an unreachable target is a red
	// target, not an error at start.
	New func(log *slog.Logger) Collector
}

// StaleAfter is how many intervals a reading is good for when it cannot be
// refreshed.
const StaleAfter = 3

// Stale reports whether a reading is too old to be shown as the present.
func Stale(r *signal.Report, now time.Time) bool {
	return now.Sub(r.At) > StaleAfter*r.Interval+r.Duration
}
