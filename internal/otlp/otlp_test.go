package otlp_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/otlp"
	"github.com/lostorder/lostorder/internal/otlp/otlptest"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const traceID, spanID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

var now = time.Date(2026, 3, 14, 3, 19, 0, 0, time.UTC)

// lost is a finding of an outbox in which two orders wait whose traces are known;
// of one, also the span that wrote it.
func lost() signal.Finding {
	return signal.Finding{
		ID: "a1b2c3", Mode: signal.OutboxStalled, Severity: signal.Critical, Subject: signal.Subject{Database: "shop", Outbox: "orders"},
		OrderIDs: []string{"A-1", "A-2", "A-3"}, Count: 3, Since: now.Add(-time.Hour), DecidableAt: now.Add(-5 * time.Second), DetectedAt: now, TraceID: traceID,
		Evidence: signal.Evidence{signal.CountFact("pending_events", 3)},
		Labels:   signal.Labels{"team": "payments"},
		AtStake:  signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "18240.5", Orders: 3}}, Coverage: signal.CoversAll},
		Traced: []signal.OrderRef{
			{ID: "A-1", TraceID: traceID, SpanID: spanID, Since: signal.InstantOf(now.Add(-time.Hour))},
			{ID: "A-3", TraceID: strings.Repeat("ab", 16)},
		},
	}
}

// clear hides the OTEL_* variables of the environment from a test.
func clear(t *testing.T) {
	t.Helper()
	for _, name := range []string{"SDK_DISABLED", "EXPORTER_OTLP_ENDPOINT", "EXPORTER_OTLP_PROTOCOL", "TRACES_EXPORTER", "METRICS_EXPORTER", "LOGS_EXPORTER", "SERVICE_NAME", "RESOURCE_ATTRIBUTES"} {
		t.Setenv("OTEL_"+name, "")
	}
}

func options(log io.Writer) otlp.Options {
	open := lost()
	snapshot := &watch.Snapshot{Version: 1, Ready: true, Open: []signal.Finding{open}, Counters: detect.Counters{Findings: map[signal.Mode]int64{signal.OutboxStalled: 1}}}
	exporter := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot { return snapshot }})
	exporter.Opened(open)
	return otlp.Options{
		Config: otlp.Config{Metrics: true, Traces: true, Logs: true}, Gatherer: exporter, Version: "1.2.3",
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
}

func TestEverythingArrives(t *testing.T) {
	for name, serve := range map[string]func(*otlptest.Receiver, *testing.T) string{
		"grpc": (*otlptest.Receiver).OverGRPC, "http/protobuf": (*otlptest.Receiver).OverHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			clear(t)
			var r otlptest.Receiver
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", serve(&r, t))
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", name)
			s, err := otlp.Start(t.Context(), options(io.Discard))
			if err != nil {
				t.Fatal(err)
			}
			ctx, endCycle := span.Cycle(t.Context(), "outbox", "orders")
			_, endCall := span.Call(ctx, "postgresql query")
			endCall(errors.New("canceling statement due to statement timeout"))
			endCycle(nil)
			opened := lost()
			s.Changed(detect.Change{Kind: detect.Opened, Finding: opened})
			s.Changed(detect.Change{Kind: detect.Opened, Finding: opened}) // each hop is sent once
			closed := opened
			closed.ClosedAt = now.Add(time.Minute)
			s.Changed(detect.Change{Kind: detect.Closed, Finding: closed})
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			check(t, r.Received())
		})
	}
}

func check(t *testing.T, r *otlptest.Received) {
	if r.Service != "lostorder" {
		t.Errorf("the service is called %q", r.Service)
	}
	cycles, calls := r.Named("read outbox"), r.Named("postgresql query")
	if len(cycles) != 1 || len(calls) != 1 || !bytes.Equal(calls[0].GetParentSpanId(), cycles[0].GetSpanId()) || len(cycles[0].GetParentSpanId()) > 0 {
		t.Errorf("no reading with a query below it: %v", r.Spans)
	} else if call := calls[0]; call.GetStatus().GetMessage() != "canceling statement due to statement timeout" {
		t.Errorf("the query's failure is %v", call.GetStatus())
	}

	hops := r.Hops()
	if len(hops) != 2 {
		t.Fatalf("%d spans of missing hops, want one for each order whose trace is known", len(hops))
	}
	first, second := hops[0], hops[1]
	if got := hex.EncodeToString(second.GetTraceId()); got != strings.Repeat("ab", 16) || len(second.GetParentSpanId()) > 0 {
		t.Errorf("the hop of an order whose span is not known is in trace %s below %x", got, second.GetParentSpanId())
	}
	if hex.EncodeToString(first.GetTraceId()) != traceID || hex.EncodeToString(first.GetParentSpanId()) != spanID {
		t.Errorf("the hop is in trace %x below %x, not where the order's trace stops", first.GetTraceId(), first.GetParentSpanId())
	}
	if first.GetStartTimeUnixNano() != uint64(now.Add(-time.Hour).UnixNano()) || first.GetEndTimeUnixNano() != uint64(now.UnixNano()) {
		t.Errorf("the hop lasts from %d to %d", first.GetStartTimeUnixNano(), first.GetEndTimeUnixNano())
	}

	if len(r.Records) != 3 {
		t.Fatalf("%d log records", len(r.Records))
	}
	record := r.Records[0]
	if got := record.GetBody().GetStringValue(); got != "outbox_stalled opened: outbox orders (database shop)" || hex.EncodeToString(record.GetTraceId()) != traceID || record.GetSeverityText() != "ERROR" {
		t.Errorf("the record is %v", record)
	}
	text := record.String()
	for _, want := range []string{"lostorder.order_ids", "A-2", "lostorder.evidence.pending_events", "lostorder.finding.opened", "lostorder.outbox", "lostorder.label.team", "lostorder.amount.EUR", "18240.5"} {
		if !strings.Contains(text, want) {
			t.Errorf("the record has no %s: %s", want, text)
		}
	}

	if r.Metrics["lostorder_findings"] == nil || r.Metrics["lostorder_finding_since_timestamp_seconds"] == nil {
		t.Errorf("%d metrics, and not those of findings", len(r.Metrics))
	}
	if delay := r.Metrics["lostorder_detection_delay_seconds"]; delay == nil || !strings.Contains(fmt.Sprint(delay), "exemplars") {
		t.Errorf("the detection delay has no exemplar: %v", delay)
	}
}

func TestNothingIsSentUnasked(t *testing.T) {
	for name, tc := range map[string]struct {
		env    map[string]string
		config otlp.Config
		want   string // of the signals that it says it sends
	}{
		"no variable":                     {config: otlp.Config{Metrics: true, Traces: true, Logs: true}},
		"an endpoint":                     {env: map[string]string{"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, config: otlp.Config{Metrics: true, Traces: true, Logs: true}, want: "logs metrics traces"},
		"an endpoint for one signal":      {env: map[string]string{"EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:9/v1/logs"}, config: otlp.Config{Metrics: true, Traces: true, Logs: true}, want: "logs"},
		"the file forbids two":            {env: map[string]string{"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, config: otlp.Config{Traces: true}, want: "traces"},
		"an exporter without an endpoint": {env: map[string]string{"TRACES_EXPORTER": "otlp"}, config: otlp.Config{Metrics: true, Traces: true, Logs: true}, want: "traces"},
		"an exporter that is none":        {env: map[string]string{"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "METRICS_EXPORTER": "none"}, config: otlp.Config{Metrics: true, Traces: true}, want: "traces"},
		"the SDK is disabled":             {env: map[string]string{"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "SDK_DISABLED": "true"}, config: otlp.Config{Metrics: true, Traces: true, Logs: true}},
		"gRPC for one signal, HTTP else":  {env: map[string]string{"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, config: otlp.Config{Metrics: true, Traces: true}, want: "metrics traces"},
	} {
		t.Run(name, func(t *testing.T) {
			clear(t)
			for name, value := range tc.env {
				t.Setenv("OTEL_"+name, value)
			}
			var log bytes.Buffer
			o := options(&log)
			o.Config = tc.config
			s, err := otlp.Start(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			_ = s.Stop() // no collector receives the rest
			var got []string
			for _, kind := range []string{"logs", "metrics", "traces"} {
				if strings.Contains(log.String(), "signal="+kind+" ") {
					got = append(got, kind)
				}
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("sends %s, want %s", got, tc.want)
			}
		})
	}
}

func TestVariablesThatCannotBeUsedAreRefusedByName(t *testing.T) {
	for name, tc := range map[string]struct{ variable, value, want string }{
		"a protocol that there is not":  {"EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL: choose http/protobuf or grpc"},
		"an exporter that is not built": {"METRICS_EXPORTER", "console", "OTEL_METRICS_EXPORTER: write otlp or none"},
	} {
		t.Run(name, func(t *testing.T) {
			clear(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
			t.Setenv("OTEL_"+tc.variable, tc.value)
			if _, err := otlp.Start(t.Context(), options(io.Discard)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestADeadCollectorCostsNothing sends to one that takes connections and never
// answers: nothing waits for it, and what cannot be sent is dropped.
func TestADeadCollectorCostsNothing(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol, func(t *testing.T) {
			clear(t)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+l.Addr().String())
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			for _, name := range []string{"BSP_EXPORT_TIMEOUT", "BLRP_EXPORT_TIMEOUT", "EXPORTER_OTLP_TIMEOUT"} {
				t.Setenv("OTEL_"+name, "300") // ms; what is under way when it stops ends by itself
			}
			s, err := otlp.Start(t.Context(), options(io.Discard))
			if err != nil {
				t.Fatal(err)
			}
			before := heap()
			const many = 20_000
			for i := range many {
				f := lost()
				f.ID = fmt.Sprint(i)
				s.Changed(detect.Change{Kind: detect.Opened, Finding: f})
				_, end := span.Cycle(context.Background(), "outbox", "orders")
				end(nil)
			}
			s.SendJoined(func() []signal.Finding { return nil }) // none of them is open any more
			if grown := heap() - before; grown > 32<<20 {
				t.Errorf("%d findings that could not be sent hold %d MiB", many, grown>>20)
			}
			if err := s.Stop(); err == nil {
				t.Error("it says that all was sent")
			}
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAnOrderThatWentOnIsNotSaidToHaveStopped(t *testing.T) {
	for mode, want := range map[signal.Mode][2]string{
		signal.EventMissing:      {"missing after check payments (database shop)", "event_missing: the order went no further"},
		signal.OrderUnmatched:    {"missing after check payments (database shop)", "order_unmatched: the order went no further"},
		signal.EffectDuplicate:   {"wrong at check payments (database shop)", "effect_duplicate: the order proceeded and is wrong"},
		signal.ReplicaDivergence: {"wrong at check payments (database shop)", "replica_divergence: the order proceeded and is wrong"},
	} {
		t.Run(string(mode), func(t *testing.T) {
			clear(t)
			var r otlptest.Receiver
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.OverHTTP(t))
			s, err := otlp.Start(t.Context(), options(io.Discard))
			if err != nil {
				t.Fatal(err)
			}
			f := lost()
			f.Mode, f.Subject = mode, signal.Subject{Database: "shop", Check: "payments"}
			s.Changed(detect.Change{Kind: detect.Opened, Finding: f})
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			got := r.Received().Named(want[0])
			if len(got) != 2 || got[0].GetStatus().GetMessage() != want[1] || !strings.Contains(got[0].String(), "lostorder.check") {
				t.Errorf("no span is called %q and says %q of the check: %v", want[0], want[1], r.Received().Spans)
			}
		})
	}
}

// A finding is sent before it is in the list of open ones. A check at that moment must
// not mistake it for closed.
func TestAHopIsSentOnceIfItsFindingOpensDuringACheck(t *testing.T) {
	clear(t)
	var r otlptest.Receiver
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.OverHTTP(t))
	s, err := otlp.Start(t.Context(), options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	open := lost()
	s.SendJoined(func() []signal.Finding {
		s.Changed(detect.Change{Kind: detect.Opened, Finding: open})
		return nil
	})
	s.SendJoined(func() []signal.Finding { return []signal.Finding{open} })
	s.SendJoined(func() []signal.Finding { return nil }) // closed
	s.SendJoined(func() []signal.Finding { return []signal.Finding{open} })
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Received().Hops()); n != 2*2 {
		t.Errorf("%d hops were sent; the finding opened twice, with two orders whose trace is known", n)
	}
}

// TestHopsOfARestoredFindingAreNotSentAgain: they were sent before the restart.
func TestHopsOfARestoredFindingAreNotSentAgain(t *testing.T) {
	clear(t)
	var r otlptest.Receiver
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.OverHTTP(t))
	s, err := otlp.Start(t.Context(), options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	open := lost()
	s.Restored(&open)
	s.SendJoined(func() []signal.Finding { return []signal.Finding{open} })
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Received().Hops()); n > 0 {
		t.Errorf("%d hops were sent again", n)
	}
}
