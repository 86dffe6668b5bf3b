package telemetry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func TestGatherIsWhatAScrapeSays(t *testing.T) {
	s := full()
	e := exporter(&s)
	e.Opened(s.Open[0])
	families, err := e.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	if got, want := lines(byName), lines(scrape(t, e, "protobuf")); !slices.Equal(got, want) {
		t.Errorf("gathers\n%s\nscrapes\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.IsSortedFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) }) {
		t.Error("families are not in order")
	}
}

func TestForeignMetricOfAListedNameIsLeftOut(t *testing.T) {
	s := full()
	e := exporter(&s)
	e.Registerer().MustRegister(
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "lostorder_queue_messages", Help: "Not ours."}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "client_requests", Help: "Of a library."}))
	families := scrape(t, e, "text") // fails on a name that is there twice
	if families["client_requests"] == nil {
		t.Error("the metric of a library is not there")
	}
}
