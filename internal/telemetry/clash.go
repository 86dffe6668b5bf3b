package telemetry

import (
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
)

// OpenMetrics names a counter without its "_total". A gauge lostorder_findings and a
// counter lostorder_findings_total would be one family of two types, which a strict
// reader refuses. So in OpenMetrics the counter becomes a family of its own, of
// unknown type. The other formats are not affected. The runtime's own metrics have
// such a pair too.

// clashes reports whether a counter's name without "_total" is taken.
func clashes(name string, taken func(string) bool) bool {
	base, ok := strings.CutSuffix(name, "_total")
	return ok && taken(base)
}

// listed are the names of all metrics in the list.
var listed = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, m := range Metrics() {
		names[m.Name] = true
	}
	return names
})

// unclashed returns the metric under a name and type that OpenMetrics accepts.
func (m *Metric) unclashed() *Metric {
	if m.Type != Counter || !clashes(m.Name, func(name string) bool { return listed()[name] }) {
		return m
	}
	other := *m
	other.Type, other.Unit = unknown, "" // the name of a family of unknown type does not lose its "_total", nor end in the unit
	return &other
}

// unclash gives families the names and types that OpenMetrics accepts.
func unclash(families []*dto.MetricFamily) {
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, f := range families {
		if f.GetType() != dto.MetricType_COUNTER || !clashes(f.GetName(), func(name string) bool { return names[name] || listed()[name] }) {
			continue
		}
		f.Type = dto.MetricType_UNTYPED.Enum()
		for _, m := range f.GetMetric() {
			m.Untyped, m.Counter = &dto.Untyped{Value: m.GetCounter().Value}, nil
		}
	}
}
