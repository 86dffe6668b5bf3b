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
	exemplar bool // also query exemplars: of a histogram or a counter that has them
}

// scope says which labels the variables of a page narrow, by the names of both.
type scope map[string]string

// each is a metric with one series for each of its subjects. Replicas that watch
// the same subject are not added up: the highest of them counts.
func (s scope) each(metric string, matchers ...string) string {
	return "max by (" + subject(metric) + ") (" + s.series(metric, matchers...) + ")"
}

// open counts open findings by mode and severity, each once: replicas that watch the same targets
// report the same ones, and replicas that share their targets report a part each. The counts of a
// replica have no team; with a team chosen, the findings that are listed count.
func (s scope) open(matchers ...string) string {
	by, counts := subject(findings), s.each(findings, matchers...)
	listed := "count by (" + by + ") (max by (" + subject(since, "finding", "external_url") + ") (" + s.series(since, matchers...) + "))"
	return "(" + listed + " > on (" + by + ") " + counts + " or " + counts + " or " + listed + ")"
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

// sum adds up what differs in more than the job.
func sum(expr string) string { return "sum by (job) (" + expr + ")" }

// highest is the highest value of each job.
func highest(expr string) string { return "max by (job) (" + expr + ")" }

// blind has the value 0 for each job with a target that cannot be read now.
func blind() string { return "(min by (job) (" + scope{}.each(collectorUp) + ") == 0)" }

// claim is a count of what is wrong. Zero is a claim that nothing is, which only holds
// while all targets can be read; otherwise it is unknown.
func claim(expr string) string {
	return "(" + expr + ") > 0 or on (job) (" + blind() + " - 1) or on (job) (" + expr + ")"
}

// known is a number that is unknown where it is absent while a target cannot be read.
func known(expr string) string {
	return "(" + expr + ") or on (job) (" + blind() + " - 1)"
}

// claims is claim for one row each of a timeline, and unknown under the label where
// lostorder is not scraped at all: an empty timeline cannot say so.
func claims(expr, label string) string {
	return "(" + expr + ") > 0 or ((" + expr + ") * 0 - 1 and on (job) " + blind() + ") or (" + expr + ") or on () " + absent(label)
}

func absent(label string) string {
	return `label_replace(vector(-1), "` + label + `", "` + notScraped + `", "", "")`
}

// quantile is a quantile of a histogram by some of its labels: of the native one where
// Prometheus has it, otherwise of the classic buckets. Replicas are averaged, which
// leaves the shape; where nothing was observed, there is none.
func (s scope) quantile(q, metric string, by ...string) string {
	whole := "avg by (le, " + subject(metric) + ") (rate(" + s.series(metric+"_bucket") + "[" + rateInterval + "]))"
	native := "avg by (" + subject(metric) + ") (rate(" + s.series(metric) + "[" + rateInterval + "]))"
	labels := strings.Join(append([]string{"job"}, by...), ", ")
	return "((histogram_quantile(" + q + ", sum by (" + labels + ") (" + native + "))" +
		" or histogram_quantile(" + q + ", sum by (le, " + labels + ") (" + whole + "))) >= 0)"
}

// mean is the mean of what a histogram observed, which is exact with buckets of any kind.
func (s scope) mean(metric string, by ...string) string {
	labels := strings.Join(append([]string{"job"}, by...), ", ")
	grew := func(name string) string {
		return "sum by (" + labels + ") (avg by (" + subject(metric) + ") (increase(" + s.series(name) + "[" + rateInterval + "])))"
	}
	return "(histogram_sum(" + grew(metric) + ") / histogram_count(" + grew(metric) + ") or " +
		grew(metric+"_sum") + " / " + grew(metric+"_count") + ") >= 0"
}

// buckets is how much each bucket of a histogram grew, of whichever kind.
func (s scope) buckets(metric string) string {
	return "sum(avg by (" + subject(metric) + ") (increase(" + s.series(metric) + "[" + rateInterval + "])))" +
		" or sum by (le) (max by (le, " + subject(metric) + ") (increase(" + s.series(metric+"_bucket") + "[" + rateInterval + "])))"
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
	return strings.Join(append([]string{"job"}, labels...), ", ")
}

func labelsOf(metric string) []string {
	for _, m := range telemetry.Metrics() {
		name, isPart := metric, false
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if rest, is := strings.CutSuffix(metric, suffix); is && m.Type == telemetry.Histogram {
				name, isPart = rest, true
			}
		}
		if m.Name == metric || isPart && m.Name == name {
			return slices.Clone(m.Labels)
		}
	}
	return nil // and a test says so
}
