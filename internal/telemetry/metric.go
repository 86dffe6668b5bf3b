package telemetry

import (
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// Type is the Prometheus type of a metric.
type Type string

// The types in use.
const (
	Gauge     Type = "gauge"
	Counter   Type = "counter"
	Histogram Type = "histogram"

	// unknown is what a counter is called in OpenMetrics when it may not be called
	// a counter, see clashes.
	unknown Type = "unknown"
)

// Stability says which names users can rely on.
type Stability string

// Stable names stay until the next major version; Experimental ones may change
// with a line in the changelog.
const (
	Stable       Stability = "stable"
	Experimental Stability = "experimental"
)

// Metric is one metric: its name, what it means, and how its series are made.
type Metric struct {
	Name      string
	Type      Type
	Unit      string // the word for one step of its value, in the plural
	Labels    []string
	Help      string
	Stability Stability

	// each adds the series that a snapshot has; nil for a metric that is counted
	// in this process and lives in the registry.
	each func(v *view, out *block)
	// shared metrics are made of the whole snapshot, the others of the reading of a target.
	shared bool
	// live metrics are made at each scrape and never kept.
	live bool
}

// group is a chapter of the list of metrics.
type group struct {
	Title   string
	Intro   string
	Metrics []Metric
}

// Metrics returns the list of all metrics.
func Metrics() []Metric {
	var all []Metric
	for _, g := range groups {
		all = append(all, g.Metrics...)
	}
	return all
}

// described returns the entry of a metric that lives in the registry. A missing entry
// is a mistake in the list, and every test would panic.
func described(name string) Metric {
	for _, m := range Metrics() {
		if m.Name == name {
			return m
		}
	}
	panic("telemetry: " + name + " is not in the list of metrics")
}

// kind returns the type in the words of the protobuf format.
func (m *Metric) kind() *dto.MetricType {
	switch m.Type {
	case Counter:
		return dto.MetricType_COUNTER.Enum()
	case Histogram:
		return dto.MetricType_HISTOGRAM.Enum()
	case unknown:
		return dto.MetricType_UNTYPED.Enum()
	default:
		return dto.MetricType_GAUGE.Enum()
	}
}

// family returns the series as a family. OpenMetrics knows a unit only where the
// name ends in it.
func (m *Metric) family(series []*dto.Metric) *dto.MetricFamily {
	f := &dto.MetricFamily{Name: &m.Name, Help: &m.Help, Type: m.kind(), Metric: series}
	if strings.HasSuffix(strings.TrimSuffix(m.Name, "_total"), "_"+m.Unit) {
		f.Unit = &m.Unit
	}
	return f
}
