package sqs_test

import (
	"maps"
	"slices"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/lostorder/lostorder/internal/fakesqs"
)

func TestSpansAreNamedForWhatIsAsked(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(recorder)))
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
	s := open(t)
	s.queue("orders")
	s.Fail(func(action, _ string) error {
		if action == "GetMetricData" {
			return &fakesqs.Error{Code: "AccessDenied", Message: "no"}
		}
		return nil
	})
	if _, err := read(t, watch(t, settings(t, s.URL(), fast, "queues: {prefix: orders, tags: {}}"))); err == nil {
		t.Error("what is refused is no error")
	}
	names := map[string]bool{}
	for _, span := range recorder.Ended() {
		names[span.Name()] = true
		for _, want := range []attribute.KeyValue{attribute.String("rpc.system", "aws-api"), attribute.String("server.address", "127.0.0.1")} {
			if !slices.Contains(span.Attributes(), want) {
				t.Errorf("%s has no %v: %v", span.Name(), want, span.Attributes())
			}
		}
		if failed := span.Status().Code == codes.Error; failed != (span.Name() == "CloudWatch/GetMetricData") {
			t.Errorf("%s has status %v", span.Name(), span.Status())
		}
	}
	want := []string{"CloudWatch/GetMetricData", "SQS/GetQueueAttributes", "SQS/ListDeadLetterSourceQueues", "SQS/ListQueues"}
	if got := slices.Sorted(maps.Keys(names)); !slices.Equal(got, want) {
		t.Errorf("spans %q, want %q", got, want)
	}
}
