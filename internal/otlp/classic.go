package otlp

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// classic gathers histograms with their classic buckets alone. The bridge would
// prefer native ones, and loses their exemplars (contrib v0.71): the traces are
// worth more than the resolution.
func classic(from prometheus.Gatherer) prometheus.Gatherer {
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		families, err := from.Gather()
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if h := m.GetHistogram(); len(h.GetBucket()) > 0 {
					m.Histogram = &dto.Histogram{
						SampleCount: h.SampleCount, SampleSum: h.SampleSum, Bucket: h.GetBucket(), CreatedTimestamp: h.GetCreatedTimestamp(),
					}
				}
			}
		}
		return families, err
	})
}
