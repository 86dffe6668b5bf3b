// Package span records what a collector does as spans, so that a tracing system
// shows what makes a reading slow. Without a tracing system it costs next to nothing.
package span

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// scope is the instrumentation scope of all spans of lostorder.
const scope = "github.com/lostorder/lostorder"

// Cycle begins the span of one reading of a target. It has no parent.
func Cycle(ctx context.Context, collector, target string) (context.Context, func(error)) {
	return start(ctx, "read "+collector, trace.SpanKindInternal,
		attribute.String("lostorder.collector", collector), attribute.String("lostorder.target", target))
}

// Call begins the span of one call to a server that is watched, named for what is
// asked. Names have few values and hold nothing secret.
func Call(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	return start(ctx, name, trace.SpanKindClient, attributes...)
}

func start(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	ctx, s := otel.Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		if err != nil && s.IsRecording() {
			text := err.Error()
			if private.Load() {
				text = "failed"
			}
			s.SetStatus(codes.Error, text)
		}
		s.End()
	}
}
