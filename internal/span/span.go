// Package span marks what a collector does, so that a slow reading can be taken
// apart in a tracing system. Without one it costs next to nothing.
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
// asked: low in variety, and without anything secret.
func Call(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	return start(ctx, name, trace.SpanKindClient, attributes...)
}

func start(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	ctx, s := otel.Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		if err != nil && s.IsRecording() {
			s.SetStatus(codes.Error, err.Error())
		}
		s.End()
	}
}
