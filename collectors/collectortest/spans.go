package collectortest

import (
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// recording is held by the test that records the spans of the process.
var recording sync.Mutex

// leavesSpans checks that a reading is one span, with a child span for each call to the
// server.
func leavesSpans(t *testing.T, env Env) {
	recording.Lock()
	defer recording.Unlock()
	recorder := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(recorder)))
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	// Other tests may run in parallel. The spans of this one have a span of the test as
	// parent.
	ctx, root := otel.Tracer(label).Start(t.Context(), t.Name())
	defer root.End()
	run := launchIn(ctx, t, env)
	run.await("a whole reading", whole)
	run.stop()

	readings := map[oteltrace.SpanID]bool{}
	for _, s := range recorder.Ended() {
		if s.Parent().SpanID() == root.SpanContext().SpanID() && slices.Contains(s.Attributes(), attribute.String("lostorder.target", env.Target.ID.Target)) {
			readings[s.SpanContext().SpanID()] = true
		}
	}
	calls := 0
	for _, s := range recorder.Ended() {
		if readings[s.Parent().SpanID()] && s.SpanKind() == oteltrace.SpanKindClient {
			calls++
		}
	}
	if len(readings) == 0 || calls == 0 {
		t.Errorf("%d spans of readings with %d calls below them, want some of each (package span)", len(readings), calls)
	}
}
