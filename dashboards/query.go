package dashboards

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/telemetry"
)

// rateInterval is Grafana's: at least four scrapes, so that a rate is never empty.
const rateInterval = "$__rate_interval"

// query is one question to Prometheus.
type query struct {
	expr     string
	legend   string
	exemplar bool // also ask for exemplars: a histogram or a counter that has them
}

// scope says which labels the variables of a page narrow, by the names of both.
type scope map[string]string

// each is a metric with one series for each of its subjects. Replicas that watch
// the same subject are not added up: the highest of them counts.
func (s scope) each(metric string, matchers ...string) string {
	return "max by (" + subject(metric) + ") (" + s.series(metric, matchers...) + ")"
}

// least is each, where the best of the replicas is the lowest.
func (s scope) least(metric string, matchers ...string) string {
	return "min by (" + subject(metric) + ") (" + s.series(metric, matchers...) + ")"
}

// rate is how much a counter grows in a second.
func (s scope) rate(metric string, matchers ...string) string {
	return "max by (" + subject(metric) + ") (rate(" + s.series(metric, matchers...) + "[" + rateInterval + "]))"
}

// growth is by how much a counter grew in the range that is shown. What Prometheus
// adds for the ends of the range is rounded away: these are orders and messages.
func (s scope) growth(metric string, matchers ...string) string {
	return "max by (" + subject(metric) + ") (round(increase(" + s.series(metric, matchers...) + "[$__range])))"
}

// quantile is a quantile of a histogram by some of its labels, whichever kind of
// histogram Prometheus scrapes: with native ones there are no classic buckets.
// Replicas are averaged, which leaves the shape; where nothing was seen, there is
// none.
func (s scope) quantile(q, metric string, by ...string) string {
	whole := "avg by (le, " + subject(metric) + ") (rate(" + s.series(metric+"_bucket") + "[" + rateInterval + "]))"
	native := "avg by (" + subject(metric) + ") (rate(" + s.series(metric) + "[" + rateInterval + "]))"
	labels := strings.Join(by, ", ")
	return "(histogram_quantile(" + q + ", sum by (le, " + labels + ") (" + whole + "))" +
		" or histogram_quantile(" + q + ", sum by (" + labels + ") (" + native + "))) >= 0"
}

// buckets is how much each bucket of a histogram grew, of whichever kind.
func (s scope) buckets(metric string) string {
	return "sum by (le) (max by (le, " + subject(metric) + ") (increase(" + s.series(metric+"_bucket") + "[" + rateInterval + "])))" +
		" or sum(avg by (" + subject(metric) + ") (increase(" + s.series(metric) + "[" + rateInterval + "])))"
}

// series selects the series of a metric that the variables of the page let through.
func (s scope) series(metric string, matchers ...string) string {
	all := []string{`job=~"$job"`}
	for _, label := range labelsOf(metric) {
		if variable := s[label]; variable != "" {
			all = append(all, label+`=~"$`+variable+`"`)
		}
	}
	return metric + "{" + strings.Join(append(all, matchers...), ", ") + "}"
}

// subject lists the labels that tell the series of a metric apart, besides the
// replica that exports it. Those of another metric can be left out.
func subject(metric string, without ...string) string {
	labels := slices.DeleteFunc(labelsOf(metric), func(l string) bool { return slices.Contains(without, l) })
	return strings.Join(labels, ", ")
}

func labelsOf(metric string) []string {
	for _, m := range telemetry.Metrics() {
		if m.Name == strings.TrimSuffix(metric, "_bucket") {
			return slices.Clone(m.Labels)
		}
	}
	return nil // and a test says so
}
