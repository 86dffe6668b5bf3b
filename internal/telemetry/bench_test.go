package telemetry_test

import (
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lostorder/lostorder/internal/watch"
)

// BenchmarkScrape100k is a scrape of a hundred thousand partitions, the first and
// the second of a snapshot, beside the usual way: const metrics through a registry.
func BenchmarkScrape100k(b *testing.B) {
	for _, format := range []struct{ name, accept string }{
		{"text", "text/plain"},
		{"openmetrics", "application/openmetrics-text;version=1.0.0"},
		{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
	} {
		b.Run(format.name, func(b *testing.B) {
			snapshot := large(200)
			ours := exporter(&snapshot).Handler()
			var usual time.Duration // per scrape
			scrape := func(h http.Handler, before func()) func(b *testing.B) {
				return func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						before()
						discard(b, h, format.accept)
					}
					each := b.Elapsed() / time.Duration(b.N)
					if usual == 0 {
						usual = each
					}
					b.ReportMetric(float64(usual)/float64(each), "x-registry")
				}
			}
			b.Run("registry", scrape(usualWay(snapshot), func() {}))
			b.Run("first", scrape(ours, func() {
				snapshot = reported(snapshot, 0)
			}))
			b.Run("second", scrape(ours, func() {}))
		})
	}
}

// BenchmarkScrapeOf30Targets is a scrape of a hundred thousand partitions in thirty clusters,
// after one of them reported, beside a scrape after all reported, so that
// everything is encoded again.
func BenchmarkScrapeOf30Targets(b *testing.B) {
	const targets = 30
	all := make([]int, targets)
	for i := range all {
		all[i] = i
	}
	for format, accept := range accepts {
		b.Run(format, func(b *testing.B) {
			snapshot := clusters(targets)
			h := exporter(&snapshot).Handler()
			var whole time.Duration // per scrape
			scrape := func(report func() []int) func(b *testing.B) {
				return func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						snapshot = reported(snapshot, report()...)
						discard(b, h, accept)
					}
					each := b.Elapsed() / time.Duration(b.N)
					if whole == 0 {
						whole = each
					}
					b.ReportMetric(float64(whole)/float64(each), "x-whole")
				}
			}
			b.Run("all report", scrape(func() []int { return all }))
			b.Run("one reports", scrape(func() []int { return []int{int(snapshot.Version) % targets} }))
		})
	}
}

func discard(b *testing.B, h http.Handler, accept string) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Encoding", "gzip")
	w := &sink{header: http.Header{}}
	h.ServeHTTP(w, r)
	if w.n < 100_000 {
		b.Fatalf("scrape has %d bytes only", w.n)
	}
	b.ReportMetric(float64(w.n), "bytes/scrape")
}

// sink is a client that throws away what it gets.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}

func (s *sink) Write(p []byte) (int, error) {
	s.n += len(p)
	return io.Discard.Write(p)
}

// usualWay serves the same partitions as const metrics.
func usualWay(s *watch.Snapshot) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(constMetrics{s})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

type constMetrics struct{ *watch.Snapshot }

var lag = prometheus.NewDesc("lostorder_queue_partition_messages", "Messages in one partition of the queue.",
	[]string{"cluster", "destination", "group", "partition", "state"}, nil)

func (constMetrics) Describe(c chan<- *prometheus.Desc) { c <- lag }

func (m constMetrics) Collect(c chan<- prometheus.Metric) {
	for _, t := range m.Targets {
		for _, q := range t.Reading.Queues {
			for _, p := range q.Partitions {
				c <- prometheus.MustNewConstMetric(lag, prometheus.GaugeValue, float64(p.Lag()),
					q.Cluster, q.Destination, q.Group, strconv.Itoa(int(p.ID)), "ready")
			}
		}
	}
}
