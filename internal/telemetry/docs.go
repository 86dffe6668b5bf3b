package telemetry

import (
	"fmt"
	"strings"
)

// Markdown returns the list of metrics as the page docs/metrics.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Metrics

<!-- Generated from internal/telemetry/list.go by "go generate ./internal/telemetry". Do not edit. -->

Every metric that lostorder exports on ` + "`/metrics`" + `: as text 0.0.4, as OpenMetrics 1.0 with exemplars, or as protobuf with native
histograms, whichever the client asks for.

- The series of a removed subject end at the next scrape. A value that could not be read has no series.
- An age is the age at the time of the reading. The age of the reading is a series of its own
  (` + "`lostorder_collector_reading_age_seconds`" + `, at the time of the scrape). Add the two for the age now.
- Deadlines and objectives are series, so that an alert compares two series.
- A label without a value is omitted.
- OpenMetrics cannot distinguish a gauge ` + "`x`" + ` from a counter ` + "`x_total`" + `. In that format the counter of such a pair (` + "`lostorder_findings_total`" + `) has the type
  unknown and no exemplar. Its values are the same.
- Stable names stay until the next major version. Experimental names may change with a line in the changelog.
`)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| metric | type | unit | labels | meaning | stability |\n|---|---|---|---|---|---|\n", g.Title, g.Intro)
		for _, m := range g.Metrics {
			labels := make([]string, len(m.Labels))
			for i, l := range m.Labels {
				labels[i] = "`" + l + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", m.Name, m.Type, m.Unit, strings.Join(labels, ", "), m.Help, m.Stability)
		}
	}
	return b.String()
}
