package otlp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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

// receiver takes what an OpenTelemetry collector takes, by the services that the
// protocol defines.
type receiver struct {
	mu       sync.Mutex
	service  string // the service.name of what came
	spans    map[string]*tracev1.Span
	hops     []*tracev1.Span
	metrics  map[string]*metricv1.Metric
	records  []*logv1.LogRecord
	requests int
}

func newReceiver() *receiver {
	return &receiver{spans: map[string]*tracev1.Span{}, metrics: map[string]*metricv1.Metric{}}
}

func (r *receiver) traces(in *tracepb.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	for _, of := range in.GetResourceSpans() {
		for _, a := range of.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				r.service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				r.spans[s.GetName()] = s
				if strings.HasPrefix(s.GetName(), "missing after ") {
					r.hops = append(r.hops, s)
				}
			}
		}
	}
}

func (r *receiver) measurements(in *metricspb.ExportMetricsServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	for _, of := range in.GetResourceMetrics() {
		for _, scope := range of.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				r.metrics[m.GetName()] = m
			}
		}
	}
}

func (r *receiver) lines(in *logspb.ExportLogsServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	for _, of := range in.GetResourceLogs() {
		for _, scope := range of.GetScopeLogs() {
			r.records = append(r.records, scope.GetLogRecords()...)
		}
	}
}

type traceService struct {
	tracepb.UnimplementedTraceServiceServer
	*receiver
}

func (s traceService) Export(_ context.Context, in *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	s.traces(in)
	return &tracepb.ExportTraceServiceResponse{}, nil
}

type metricsService struct {
	metricspb.UnimplementedMetricsServiceServer
	*receiver
}

func (s metricsService) Export(_ context.Context, in *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	s.measurements(in)
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

type logsService struct {
	logspb.UnimplementedLogsServiceServer
	*receiver
}

func (s logsService) Export(_ context.Context, in *logspb.ExportLogsServiceRequest) (*logspb.ExportLogsServiceResponse, error) {
	s.lines(in)
	return &logspb.ExportLogsServiceResponse{}, nil
}

// overGRPC serves the receiver and returns its endpoint.
func (r *receiver) overGRPC(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	tracepb.RegisterTraceServiceServer(server, traceService{receiver: r})
	metricspb.RegisterMetricsServiceServer(server, metricsService{receiver: r})
	logspb.RegisterLogsServiceServer(server, logsService{receiver: r})
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return "http://" + l.Addr().String()
}

// overHTTP does the same over HTTP.
func (r *receiver) overHTTP(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	take := func(in proto.Message, keep func()) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(req.Body)
			if err != nil || req.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, in) != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			keep()
			w.Header().Set("Content-Type", "application/x-protobuf")
		}
	}
	var spans tracepb.ExportTraceServiceRequest
	var measured metricspb.ExportMetricsServiceRequest
	var lines logspb.ExportLogsServiceRequest
	mux.Handle("POST /v1/traces", take(&spans, func() { r.traces(&spans) }))
	mux.Handle("POST /v1/metrics", take(&measured, func() { r.measurements(&measured) }))
	mux.Handle("POST /v1/logs", take(&lines, func() { r.lines(&lines) }))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
