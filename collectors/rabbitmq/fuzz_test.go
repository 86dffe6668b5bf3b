package rabbitmq_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// FuzzSamples reads lines that Prometheus's own writer made of any name, and any text.
func FuzzSamples(f *testing.F) {
	f.Add("orders", "/", 17.0, "")
	f.Add("a\"b\\c\nd}", "{", -1.5, "# TYPE rabbitmq_x gauge\nrabbitmq_x{queue=\"a\"} 1\n")
	f.Add("\u202e", "名前", 1e300, "rabbitmq_x{queue=\"\\")
	f.Fuzz(func(t *testing.T, queue, vhost string, value float64, raw string) {
		if err := rabbitmq.Samples(strings.NewReader(raw), "rabbitmq_", func(string, func(string) string, float64, bool) {}); err != nil && len(err.Error()) > 200 {
			t.Errorf("the error is %s", err)
		}
		queue, vhost = strings.ToValidUTF8(queue, "?"), strings.ToValidUTF8(vhost, "?")
		family := io_prometheus_client.MetricFamily{Name: new("rabbitmq_queue_messages"), Type: io_prometheus_client.MetricType_GAUGE.Enum(), Metric: []*io_prometheus_client.Metric{{
			Label: []*io_prometheus_client.LabelPair{{Name: new("vhost"), Value: &vhost}, {Name: new("queue"), Value: &queue}},
			Gauge: &io_prometheus_client.Gauge{Value: &value},
		}}}
		var text bytes.Buffer
		if _, err := expfmt.MetricFamilyToText(&text, &family); err != nil || text.Len() > 32<<10 {
			return
		}
		lines := 0
		err := rabbitmq.Samples(&text, "rabbitmq_", func(name string, label func(string) string, got float64, ok bool) {
			lines++
			if name != "queue_messages" || label("queue") != queue || label("vhost") != vhost || label("none") != "" {
				t.Errorf("%s of %q in %q, want %q in %q", name, label("queue"), label("vhost"), queue, vhost)
			}
			if !ok || got != value && value == value {
				t.Errorf("the value is %v, want %v", got, value)
			}
		})
		if err != nil || lines != 1 {
			t.Errorf("%d lines, %v", lines, err)
		}
	})
}

// answers are what every address of a broker answers with.
type answers struct{ json, text []byte }

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body := a.json
	if strings.HasPrefix(r.URL.Path, "/metrics") {
		body = a.text
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// FuzzReading reads a broker that answers with the same text everywhere.
func FuzzReading(f *testing.F) {
	f.Add([]byte(`[{"name":"orders","vhost":"/","type":"quorum","arguments":{"x-dead-letter-exchange":"","x-message-ttl":1e400},"messages":-1,"node":"a"}]`), []byte("rabbitmq_x 1\n"))
	f.Add([]byte(`{"rabbitmq_version":"4.3.6","cluster_name":"a","items":[{"name":[],"vhost":{}}]}`), []byte("# x\nrabbitmq_queue_messages{queue=\"orders\",vhost=\"/\"} NaN\n"))
	f.Add([]byte(strings.Repeat("[", 5000)), []byte("{"))
	f.Add([]byte(`[{"name":"p","vhost":"/","pattern":"(a*)*$","definition":{"message-ttl":"x","dead-letter-exchange":7},"priority":1e99,"apply-to":"all"}]`), []byte{})
	f.Fuzz(func(t *testing.T, json, text []byte) {
		r := rabbitmq.NewReader(rabbitmq.Config{Name: "main", URL: []string{"http://rabbitmq.test:15672"}})
		defer func() { _ = r.Close() }()
		rabbitmq.Transport(t, r, answers{json, text})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 2 {
			var report signal.Report
			if err := r.Read(ctx, &report); err != nil && ctx.Err() != nil {
				t.Fatalf("it takes too long: %v", err)
			}
			for i := range report.Queues {
				if q := &report.Queues[i]; q.Ready < signal.Unknown || q.InFlight < signal.Unknown {
					t.Errorf("queue %q has %d and %d messages", q.Destination, q.Ready, q.InFlight)
				}
			}
		}
	})
}
