package otlp_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"

	"github.com/lostorder/lostorder/internal/otlp"
)

func TestVariablesAreRefusedWithoutTheirValues(t *testing.T) {
	const secret = "hunter2"
	for name, tc := range map[string]struct{ variable, value, want string }{
		"headers that are no pairs":              {"EXPORTER_OTLP_HEADERS", secret, "OTEL_EXPORTER_OTLP_HEADERS: item 1 is not name=value"},
		"the second header is no pair":           {"EXPORTER_OTLP_HEADERS", "a=b," + secret, "OTEL_EXPORTER_OTLP_HEADERS: item 2 is not name=value"},
		"a header whose name has a space":        {"EXPORTER_OTLP_HEADERS", "api key=" + secret, "OTEL_EXPORTER_OTLP_HEADERS: item 1"},
		"a header that is encoded wrongly":       {"EXPORTER_OTLP_TRACES_HEADERS", "api-key=" + secret + "%zz", "OTEL_EXPORTER_OTLP_TRACES_HEADERS: item 1"},
		"an endpoint with a password":            {"EXPORTER_OTLP_ENDPOINT", "http://lo:" + secret + "@localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT: contains a user"},
		"an endpoint with a key":                 {"EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/?key=" + secret, "OTEL_EXPORTER_OTLP_ENDPOINT: contains a query"},
		"an endpoint without a scheme":           {"EXPORTER_OTLP_ENDPOINT", "localhost:4317", "OTEL_EXPORTER_OTLP_ENDPOINT: not an http or https address"},
		"an endpoint of one signal":              {"EXPORTER_OTLP_LOGS_ENDPOINT", "lo:" + secret + "@x", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: not an http"},
		"a timeout with a unit":                  {"EXPORTER_OTLP_TIMEOUT", "5s", "OTEL_EXPORTER_OTLP_TIMEOUT: not a number of milliseconds"},
		"a compression that there is not":        {"EXPORTER_OTLP_COMPRESSION", secret, "OTEL_EXPORTER_OTLP_COMPRESSION: write one of gzip, none"},
		"a certificate that is not there":        {"EXPORTER_OTLP_CERTIFICATE", "/nowhere/" + secret, "OTEL_EXPORTER_OTLP_CERTIFICATE: names a file that cannot be read"},
		"resource attributes that are no pairs":  {"RESOURCE_ATTRIBUTES", "password " + secret, "OTEL_RESOURCE_ATTRIBUTES: item 1 is not key=value"},
		"a sampler that there is not":            {"TRACES_SAMPLER", "foo", "OTEL_TRACES_SAMPLER: write one of always_on"},
		"a ratio that is none":                   {"TRACES_SAMPLER_ARG", "often", "OTEL_TRACES_SAMPLER_ARG: not a number from 0 to 1"},
		"a temporality that is not supported":    {"EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: only cumulative is supported"},
		"a queue of no size":                     {"BSP_MAX_QUEUE_SIZE", "0", "OTEL_BSP_MAX_QUEUE_SIZE: not a whole number above zero"},
		"an exporter that is written into a URL": {"TRACES_EXPORTER", "http://lo:" + secret + "@x", "OTEL_TRACES_EXPORTER: write otlp or none"},
	} {
		t.Run(name, func(t *testing.T) {
			clear(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
			t.Setenv("OTEL_"+tc.variable, tc.value)
			var log bytes.Buffer
			s, err := otlp.Start(t.Context(), options(&log))
			if err == nil {
				_ = s.Stop()
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if said := err.Error() + log.String(); strings.Contains(said, secret) {
				t.Errorf("a value is shown: %s", said)
			}
		})
	}
}

func TestVariablesThatOpenTelemetryDocumentsAreAccepted(t *testing.T) {
	clear(t)
	for name, value := range map[string]string{
		"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9/base", "EXPORTER_OTLP_HEADERS": "api-key=a%2Cb,x-tenant=shop", "EXPORTER_OTLP_TIMEOUT": "300",
		"EXPORTER_OTLP_COMPRESSION": "gzip", "TRACES_SAMPLER": "parentbased_traceidratio", "TRACES_SAMPLER_ARG": "0.5",
		"RESOURCE_ATTRIBUTES": "deployment.environment.name=prod,team=order%20desk", "EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "Cumulative",
	} {
		t.Setenv("OTEL_"+name, value)
	}
	var log bytes.Buffer
	s, err := otlp.Start(t.Context(), options(&log))
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Stop()
}

func TestOpenTelemetryLogsThroughOurLoggerWithoutValues(t *testing.T) {
	var log bytes.Buffer
	otlp.LogThrough(slog.New(slog.NewJSONHandler(&log, nil)))
	defer otlp.LogThrough(slog.New(slog.DiscardHandler))
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")
	exporter, err := otlptracehttp.New(t.Context()) // complains of the header
	if err != nil {
		t.Fatal(err)
	}
	_ = exporter.Shutdown(t.Context())
	if text := log.String(); !strings.HasPrefix(text, "{") || !strings.Contains(text, "header") || strings.Contains(text, "hunter2") {
		t.Errorf("the log says %q", text)
	}
}
