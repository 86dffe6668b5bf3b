package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// scope is the instrumentation scope of what is sent.
const scope = "github.com/lostorder/lostorder"

// stopWithin is how long the last batch may take when lostorder stops: an unreachable
// collector must not delay it.
const stopWithin = 3 * time.Second

// Options configure a Sender.
type Options struct {
	Config   Config
	Gatherer prometheus.Gatherer // of the metrics that are sent
	Version  string
	Log      *slog.Logger
}

// Sender sends by OTLP. What it cannot send it drops: every queue is bounded. The
// zero Sender sends nothing.
type Sender struct {
	logger log.Logger
	tracer trace.Tracer
	hops   hops
	stops  []func(context.Context) error
}

// Start begins to send what the OTEL_* variables select, which may be nothing. It opens
// no connection: sends to an unreachable collector are retried later.
func Start(ctx context.Context, o Options) (*Sender, error) {
	chosen, err := choose(o.Config, os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("read OTEL_* variables: %w", err)
	}
	s := &Sender{}
	if len(chosen) == 0 {
		return s, nil
	}
	if err := checkEnvironment(chosen, os.Getenv); err != nil {
		return nil, fmt.Errorf("read OTEL_* variables: %w", err)
	}
	logThrough(o.Log)
	otel.SetErrorHandler(&complaints{log: o.Log, now: time.Now})
	res, err := resource.New(ctx,
		resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(attribute.String("service.name", "lostorder"), attribute.String("service.version", o.Version)),
		resource.WithFromEnv(), // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word
	)
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	for k, start := range map[kind]func(context.Context, protocol, *resource.Resource, prometheus.Gatherer) error{
		metrics: s.startMetrics, traces: s.startTraces, logs: s.startLogs,
	} {
		if p := chosen[k]; p != none {
			if err := start(ctx, p, res, o.Gatherer); err != nil {
				return nil, errors.Join(fmt.Errorf("send %s by %s: %w", k, p, err), s.Stop())
			}
			o.Log.Info("sending by OTLP", "signal", string(k), "protocol", string(p))
		}
	}
	return s, nil
}

func (s *Sender) startMetrics(ctx context.Context, p protocol, res *resource.Resource, from prometheus.Gatherer) (err error) {
	var exporter sdkmetric.Exporter
	if p == overGRPC {
		exporter, err = otlpmetricgrpc.New(ctx)
	} else {
		exporter, err = otlpmetrichttp.New(ctx)
	}
	if err != nil {
		return err
	}
	reader := sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(classic(from)))))
	s.stops = append(s.stops, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(res)).Shutdown)
	return nil
}

func (s *Sender) startTraces(ctx context.Context, p protocol, res *resource.Resource, _ prometheus.Gatherer) (err error) {
	var exporter sdktrace.SpanExporter
	if p == overGRPC {
		exporter, err = otlptracegrpc.New(ctx)
	} else {
		exporter, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(res))
	otel.SetTracerProvider(provider)
	s.tracer = provider.Tracer(scope)
	s.stops = append(s.stops, func(ctx context.Context) error {
		otel.SetTracerProvider(noop.NewTracerProvider())
		return provider.Shutdown(ctx)
	})
	return nil
}

func (s *Sender) startLogs(ctx context.Context, p protocol, res *resource.Resource, _ prometheus.Gatherer) (err error) {
	var exporter sdklog.Exporter
	if p == overGRPC {
		exporter, err = otlploggrpc.New(ctx)
	} else {
		exporter, err = otlploghttp.New(ctx)
	}
	if err != nil {
		return err
	}
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter)), sdklog.WithResource(res))
	s.logger = provider.Logger(scope)
	s.stops = append(s.stops, provider.Shutdown)
	return nil
}

// Stop sends what is left, within three seconds, and ends.
func (s *Sender) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	errs := make([]error, len(s.stops))
	var stopping sync.WaitGroup
	for i, stop := range s.stops { // in parallel: one that hangs takes no time from the others
		stopping.Go(func() { errs[i] = stop(ctx) })
	}
	stopping.Wait()
	s.stops = nil
	return errors.Join(errs...)
}
