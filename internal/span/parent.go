package span

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Parent reads a W3C traceparent and returns the ids of its trace and of the span
// that sent it. Columns of a table also hold a trace id alone: then the span is
// unknown. Text that names no trace gives two empty ids.
func Parent(text string) (traceID, spanID string) {
	text = strings.ToLower(strings.TrimSpace(text))
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": text})
	if s := trace.SpanContextFromContext(ctx); s.IsValid() {
		return s.TraceID().String(), s.SpanID().String()
	}
	if parts := strings.Split(text, "-"); len(parts) >= 4 && len(parts[0]) == 2 {
		text = parts[1] // the trace is known although its span is not
	}
	id, err := trace.TraceIDFromHex(text)
	if err != nil {
		return "", ""
	}
	return id.String(), ""
}
