package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/lostorder/lostorder/internal/telemetry"
)

var accepts = map[string]string{
	"text":        "text/plain;version=0.0.4",
	"openmetrics": "application/openmetrics-text;version=1.0.0",
	"protobuf":    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
}

func get(t testing.TB, h http.Handler, method, accept, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/metrics", http.NoBody)
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("scrape answers %s", res.Status)
	}
	return res
}

// plain returns the body, decompressed as one gzip member with nothing behind it.
func plain(t testing.TB, res *http.Response) []byte {
	t.Helper()
	body := bufio(res.Body)
	var in io.Reader = body
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			t.Fatalf("read gzip: %v", err)
		}
		z.Multistream(false)
		in = z
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatalf("read body: %v", err)
	}
	if body.Len() > 0 {
		t.Errorf("%d bytes behind the gzip member", body.Len())
	}
	return text
}

func bufio(r io.Reader) *bytes.Buffer {
	var b bytes.Buffer
	_, _ = b.ReadFrom(r)
	return &b
}

// scrape returns the families of a scrape in a format, read back by the library.
func scrape(t testing.TB, e *telemetry.Exporter, format string) map[string]*dto.MetricFamily {
	t.Helper()
	res := get(t, e.Handler(), http.MethodGet, accepts[format], "gzip")
	text := plain(t, res)
	if format == "openmetrics" && !bytes.HasSuffix(text, []byte("\n# EOF\n")) {
		t.Error("openmetrics does not end with # EOF")
	}
	if n := bytes.Count(text, []byte("# EOF")); format == "openmetrics" && n != 1 {
		t.Errorf("openmetrics has %d times # EOF", n)
	}
	d := expfmt.NewDecoder(bytes.NewReader(text), expfmt.ResponseFormat(res.Header))
	families := map[string]*dto.MetricFamily{}
	for {
		var f dto.MetricFamily
		if err := d.Decode(&f); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("decode %s: %v", format, err)
		}
		name := f.GetName()
		if f.GetType() == dto.MetricType_COUNTER && !strings.HasSuffix(name, "_total") {
			name += "_total" // OpenMetrics names the family without
		}
		if families[name] != nil {
			t.Errorf("%s is there twice", name)
		}
		families[name] = &f
	}
	return families
}

// lines returns the series of lostorder as text, "name{label="value",…} value".
func lines(families map[string]*dto.MetricFamily) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		if !strings.HasPrefix(name, "lostorder_") || name == "lostorder_build_info" {
			continue
		}
		one := &dto.MetricFamily{Name: &name, Type: f.GetType().Enum(), Metric: f.GetMetric()}
		var b bytes.Buffer
		if _, err := expfmt.MetricFamilyToText(&b, one); err != nil {
			panic(err)
		}
		for line := range strings.Lines(b.String()) {
			if !strings.HasPrefix(line, "#") {
				all = append(all, strings.TrimSuffix(line, "\n"))
			}
		}
	}
	return all
}

func init() { model.NameValidationScheme = model.LegacyValidation } //nolint:staticcheck // what the text parser asks for
