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

// A Collector watches one target until ctx ends and reports what it reads. It owns what
// it starts: Run returns when everything has ended, and returns nil if ctx was the
// reason.
type Collector interface {
	Run(ctx context.Context, sink Sink) error
}

// A Sink takes reports. A report is whole, or partial with the error that made it
// partial. Report must not block: it is called from every target's own loop.
type Sink interface {
	Report(signal.Report)
}

// A Redactor is a Sink that knows which parts of a report are private. Redact returns a
// report that is safe to log.
type Redactor interface {
	Redact(signal.Report) signal.Report
}

// A Permitter is a Sink that may forbid readings: another replica may own the target by now.
type Permitter interface {
	MayRead(signal.TargetID) bool
}

// A Reader reads one target once. A polled source supplies one, and Poll turns it into a
// Collector.
type Reader interface {
	// Read fills in the signals and warnings of r and nothing else. It returns what is
	// missing as an error, and keeps in r what it could read. It returns soon after ctx
	// ends. Reads of one Reader never overlap.
	Read(ctx context.Context, r *signal.Report) error
	// Close closes the connections. It is called once, after the last Read.
	Close() error
}

// Schedule is how often a polled target is read. It is part of the config of every polled
// source.
type Schedule struct {
	Interval config.Duration `yaml:"interval" default:"15s" min:"100ms" doc:"Time between two readings."`
	Timeout  config.Duration `yaml:"timeout" default:"10s" min:"100ms" doc:"How long one reading may take before the target is shown as failed."`
}

// A Target is one thing to watch, ready to be started.
type Target struct {
	ID signal.TargetID
	// Labels are those of the config for all findings of the target, and QueueLabels those
	// of its objectives for some.
	Labels      signal.Labels
	QueueLabels []signal.Labels
	// Config is everything that decides how the target is read. On a reload, a target with
	// a deeply equal config keeps running.
	Config any
	// New makes the collector. It must not connect: an unreachable target is a red
	// target, not an error at start.
	New func(log *slog.Logger) Collector
}

// expiresAfter is how many intervals a reading stays valid when it cannot be refreshed.
const expiresAfter = 3

// Expired reports whether a reading is too old to be shown at all.
func Expired(r *signal.Report, now time.Time) bool {
	return now.Sub(r.At) > expiresAfter*r.Interval+r.Duration
}
