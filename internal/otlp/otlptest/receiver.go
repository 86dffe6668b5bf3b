// Package otlptest is an OpenTelemetry collector for tests.
package otlptest

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	logv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	metricv1 "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Receiver takes what an OpenTelemetry collector takes, by the services that the
// protocol defines.
type Receiver struct {
	mu  sync.Mutex
	got Received
}

// Received is what has come.
type Received struct {
	Service string // its service.name
	Spans   []*tracev1.Span
	Metrics map[string]*metricv1.Metric // the latest of each name
	Records []*logv1.LogRecord
}

// Received returns what has come until now.
func (r *Receiver) Received() *Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	got.Spans, got.Metrics, got.Records = slices.Clone(got.Spans), maps.Clone(got.Metrics), slices.Clone(got.Records)
	return &got
}

// Named returns the spans whose name begins so.
func (r *Received) Named(prefix string) (spans []*tracev1.Span) {
	for _, s := range r.Spans {
		if strings.HasPrefix(s.GetName(), prefix) {
			spans = append(spans, s)
		}
	}
	return spans
}

// Hops returns the spans of missing hops.
func (r *Received) Hops() []*tracev1.Span { return r.Named("missing after ") }

func (r *Receiver) traces(in *tracepb.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range in.GetResourceSpans() {
		for _, a := range of.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				r.got.Service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range of.GetScopeSpans() {
			r.got.Spans = append(r.got.Spans, scope.GetSpans()...)
		}
	}
}

func (r *Receiver) measurements(in *metricspb.ExportMetricsServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got.Metrics == nil {
		r.got.Metrics = map[string]*metricv1.Metric{}
	}
	for _, of := range in.GetResourceMetrics() {
		for _, scope := range of.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				r.got.Metrics[m.GetName()] = m
			}
		}
	}
}

func (r *Receiver) lines(in *logspb.ExportLogsServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range in.GetResourceLogs() {
		for _, scope := range of.GetScopeLogs() {
			r.got.Records = append(r.got.Records, scope.GetLogRecords()...)
		}
	}
}

type traceService struct {
	tracepb.UnimplementedTraceServiceServer
	*Receiver
}

func (s traceService) Export(_ context.Context, in *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	s.traces(in)
	return &tracepb.ExportTraceServiceResponse{}, nil
}

type metricsService struct {
	metricspb.UnimplementedMetricsServiceServer
	*Receiver
}

func (s metricsService) Export(_ context.Context, in *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	s.measurements(in)
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

type logsService struct {
	logspb.UnimplementedLogsServiceServer
	*Receiver
}

func (s logsService) Export(_ context.Context, in *logspb.ExportLogsServiceRequest) (*logspb.ExportLogsServiceResponse, error) {
	s.lines(in)
	return &logspb.ExportLogsServiceResponse{}, nil
}

// OverGRPC serves the receiver until the test ends and returns its endpoint.
func (r *Receiver) OverGRPC(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	tracepb.RegisterTraceServiceServer(server, traceService{Receiver: r})
	metricspb.RegisterMetricsServiceServer(server, metricsService{Receiver: r})
	logspb.RegisterLogsServiceServer(server, logsService{Receiver: r})
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return "http://" + l.Addr().String()
}

// OverHTTP does the same over HTTP.
func (r *Receiver) OverHTTP(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("POST /v1/traces", take(func() *tracepb.ExportTraceServiceRequest { return &tracepb.ExportTraceServiceRequest{} }, r.traces))
	mux.Handle("POST /v1/metrics", take(func() *metricspb.ExportMetricsServiceRequest { return &metricspb.ExportMetricsServiceRequest{} }, r.measurements))
	mux.Handle("POST /v1/logs", take(func() *logspb.ExportLogsServiceRequest { return &logspb.ExportLogsServiceRequest{} }, r.lines))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// take decodes what is posted and keeps it.
func take[M proto.Message](empty func() M, keep func(M)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		in := empty()
		body, err := io.ReadAll(req.Body)
		if err != nil || req.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, in) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		keep(in)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}
}
