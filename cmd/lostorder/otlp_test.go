package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	logv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/lostorder/lostorder/internal/demo/demotest"
	"github.com/lostorder/lostorder/internal/otlp/otlptest"
)

// TestDemoSendsToACollector breaks the relay of the demo, and asks a collector what
// the whole program has told it.
func TestDemoSendsToACollector(t *testing.T) {
	for protocol, serve := range map[string]func(*otlptest.Receiver, *testing.T) string{
		"grpc": (*otlptest.Receiver).OverGRPC, "http/protobuf": (*otlptest.Receiver).OverHTTP,
	} {
		t.Run(protocol, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "1000") // ms
			var collector *otlptest.Receiver
			demotest.Perfect(t, func(slower string) (string, string) {
				collector = &otlptest.Receiver{}
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", serve(collector, t))
				var out, errs bytes.Buffer
				// With this seed both faults heal long before the end.
				Main(t.Context(), []string{"demo", "--json", "--faults=outbox_stalled,event_missing", "--duration=22s", "--seed=4", "--web.listen-address=127.0.0.1:0", slower}, &out, &errs)
				return out.String(), errs.String()
			})

			r := collector.Received()
			hasCalls(t, r, "outbox", "SQLite query")
			hasCalls(t, r, "kafka", "kafka ")
			hasCalls(t, r, "sqs", "SQS/")
			hasFinding(t, r, "outbox_stalled")
			hasFinding(t, r, "event_missing")
			if r.Service != "lostorder" {
				t.Errorf("the service is called %q", r.Service)
			}
			for _, want := range []string{"lostorder_queue_messages", "lostorder_outbox_pending_messages", "lostorder_findings"} {
				if r.Metrics[want] == nil {
					t.Errorf("no metric %s", want)
				}
			}
			if dwell := fmt.Sprint(r.Metrics["lostorder_order_dwell_seconds"]); !strings.Contains(dwell, "exemplars") || !strings.Contains(dwell, "trace_id") {
				t.Errorf("no dwell time leads to the trace of its order: %s", dwell)
			}
		})
	}
}

// hasCalls demands a reading of a source with a call below it.
func hasCalls(t *testing.T, r *otlptest.Received, source, call string) {
	t.Helper()
	calls := r.Named(call)
	if !slices.ContainsFunc(r.Named("read "+source), func(cycle *tracev1.Span) bool {
		return slices.ContainsFunc(calls, func(s *tracev1.Span) bool { return bytes.Equal(s.GetParentSpanId(), cycle.GetSpanId()) })
	}) {
		names := map[string]int{}
		for _, s := range r.Spans {
			names[s.GetName()]++
		}
		t.Errorf("no reading of %s has a span %q below it: %v", source, call, names)
	}
}

// hasFinding demands the records of a finding that opened and closed, and the
// missing hops of its orders below the spans that placed them.
func hasFinding(t *testing.T, r *otlptest.Received, mode string) {
	t.Helper()
	for _, want := range []string{mode + " opened", mode + " closed"} {
		i := slices.IndexFunc(r.Records, func(l *logv1.LogRecord) bool { return strings.Contains(l.GetBody().GetStringValue(), want+": ") })
		if i < 0 {
			t.Fatalf("no record says %q: %v", want, r.Records)
		}
		record := r.Records[i]
		if len(record.GetTraceId()) == 0 || !slices.ContainsFunc(r.Hops(), func(hop *tracev1.Span) bool {
			return bytes.Equal(hop.GetTraceId(), record.GetTraceId()) && len(hop.GetParentSpanId()) > 0
		}) {
			t.Errorf("%q is in no trace that has a missing hop: %v", want, record)
		}
	}
}
