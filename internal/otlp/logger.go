package otlp

import (
	"context"
	"log/slog"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
)

// logThrough lets OpenTelemetry log through lostorder's logger, in its format.
func logThrough(log *slog.Logger) {
	otel.SetLogger(logr.FromSlogHandler(valueless{log.Handler()}).WithName("opentelemetry"))
}

// valueless drops the attributes of the SDK's messages except the error: it logs the
// values of variables that it cannot use, and they may be credentials.
type valueless struct{ slog.Handler }

func (v valueless) Handle(ctx context.Context, r slog.Record) error {
	kept := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" || a.Key == "logger" {
			kept.AddAttrs(a)
		}
		return true
	})
	return v.Handler.Handle(ctx, kept)
}

// WithAttrs drops the attributes too.
func (v valueless) WithAttrs([]slog.Attr) slog.Handler { return v }

// WithGroup keeps the names of the attributes as they are.
func (v valueless) WithGroup(string) slog.Handler { return v }
