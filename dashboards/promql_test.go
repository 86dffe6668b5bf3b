package dashboards_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

// ofAnyTarget are the labels that Prometheus gives to what it scrapes.
var ofAnyTarget = []string{"job", "instance"}

// TestQueries demands of every query that Prometheus can parse it, that lostorder
// exports what it names, and that two replicas do not count twice.
func TestQueries(t *testing.T) {
	checked := 0
	for _, d := range all(t) {
		for _, p := range panels(&d) {
			for _, q := range targets(t, p) {
				checkPromQL(t, d.File+": "+*p.Title, q.Expr)
				for _, label := range labelsIn(*q.LegendFormat) {
					if !regexp.MustCompile(`\b` + label + `\b`).MatchString(q.Expr) {
						t.Errorf("%s: %s: the legend names %s, which the query does not keep:\n%s", d.File, *p.Title, label, q.Expr)
					}
				}
				checked++
			}
		}
	}
	if checked == 0 {
		t.Error("there is no query")
	}
}

var (
	variableQuery = regexp.MustCompile(`^label_values\(([a-z_]+)(?:\{[^}]*\})?, ([a-z_]+)\)$`)
	resultQuery   = regexp.MustCompile(`^query_result\((.*)\)$`)
)

var legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)

func labelsIn(legend string) (labels []string) {
	for _, m := range legendLabel.FindAllStringSubmatch(legend, -1) {
		labels = append(labels, m[1])
	}
	return labels
}

// TestVariablesAskForWhatIsExported demands the same of the queries of variables.
func TestVariablesAskForWhatIsExported(t *testing.T) {
	for _, d := range all(t) {
		for _, v := range d.Model.Templating.List {
			if v.Type != "query" {
				continue
			}
			query := *v.Query.String
			if m := resultQuery.FindStringSubmatch(query); m != nil {
				if _, err := parser.ParseExpr(expand(m[1])); err != nil {
					t.Errorf("%s: variable %s: %v", d.File, v.Name, err)
				}
				continue
			}
			m := variableQuery.FindStringSubmatch(query)
			if m == nil {
				t.Errorf("%s: variable %s: %s", d.File, v.Name, query)
				continue
			}
			if known, is := declared(m[1]); !is || !slices.Contains(append(known, ofAnyTarget...), m[2]) {
				t.Errorf("%s: variable %s: lostorder exports no %s with the label %s", d.File, v.Name, m[1], m[2])
			}
		}
	}
}

// expand puts values in the place of Grafana's variables.
func expand(expr string) string {
	return strings.NewReplacer("$__rate_interval", "5m", "$__range_s", "3600", "$__range", "1h", "$__interval", "1m", "$alert_marks", "1").Replace(expr)
}

// checkPromQL fails the test unless the query is one that a panel may ask.
func checkPromQL(t *testing.T, where, expr string) {
	t.Helper()
	for _, complaint := range complaintsAbout(expr) {
		t.Errorf("%s: %s\n%s", where, complaint, expr)
	}
}

// complaintsAbout returns what is wrong with a query.
func complaintsAbout(expr string) (all []string) {
	root, err := parser.ParseExpr(expand(expr))
	if err != nil {
		return []string{err.Error()}
	}
	selectors := 0
	parser.Inspect(root, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			selectors++
			all = append(all, complaints(n, path)...)
		case *parser.AggregateExpr:
			if n.Without {
				all = append(all, "an aggregation says which labels it drops, not which it keeps")
			}
			if n.Op != parser.TOPK && n.Op != parser.BOTTOMK && !slices.Contains(n.Grouping, "job") && !isHeatmap(n) {
				all = append(all, "an aggregation mixes jobs")
			}
		case *parser.BinaryExpr:
			if m := n.VectorMatching; m != nil && m.On && len(m.MatchingLabels) > 0 && !slices.Contains(m.MatchingLabels, "job") {
				all = append(all, "series of different jobs are matched")
			}
		}
		return nil
	})
	if selectors == 0 {
		all = append(all, "it asks for no metric")
	}
	return all
}

// isHeatmap reports whether an aggregation makes the buckets of a heatmap, which cannot
// show jobs apart.
func isHeatmap(n *parser.AggregateExpr) bool {
	return n.Op == parser.SUM && (slices.Equal(n.Grouping, []string{"le"}) || len(n.Grouping) == 0 && strings.Contains(n.Expr.String(), "avg by (job, "))
}

// TestBadQueriesAreRefused: what the tests above are to find.
func TestBadQueriesAreRefused(t *testing.T) {
	const up = `lostorder_collector_up{job=~"$job"}`
	for name, tc := range map[string]struct{ expr, complaint string }{
		"no PromQL":                       {`max by (target) (`, "parse error"},
		"a metric that is not exported":   {`max by (target) (lostorder_collector_pu{job=~"$job"})`, "does not export lostorder_collector_pu"},
		"a rule that is not recorded":     {`target:lostorder_collector_up:avg`, "does not export"},
		"a label that is not there":       {`max by (collector, target) (lostorder_collector_up{job=~"$job", queue="x"})`, "no label queue"},
		"no job":                          {`max by (collector, target) (lostorder_collector_up)`, "chosen job"},
		"a sum over replicas":             {`sum by (collector, target) (` + up + `)`, "once for each replica"},
		"a count of replicas":             {`count(` + up + ` == 0)`, "once for each replica"},
		"a series for each replica":       {up, "each replica"},
		"subjects mixed up":               {`sum(max by (target) (` + up + `))`, "differ in collector"},
		"a counter for what it is":        {`max by (mode) (lostorder_findings_total{job=~"$job"})`, "counter"},
		"an aggregation by what it lacks": {`max without (instance) (` + up + `)`, "drops"},
		"a number":                        {`vector(0)`, "no metric"},
		"jobs mixed up":                   {`sum(max by (job, collector, target) (` + up + `))`, "mixes jobs"},
		"jobs matched with each other":    {`max by (job, collector, target) (` + up + `) and on (collector, target) max by (job, collector, target) (` + up + `)`, "different jobs"},
		"a rule of every job":             {`lifecycle:lostorder_slo_errors:ratio_1h > 0`, "chosen job"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(complaintsAbout(tc.expr), "; "); !strings.Contains(got, tc.complaint) {
				t.Errorf("said: %q, want something with %q", got, tc.complaint)
			}
		})
	}
}

// complaints returns what is wrong with one selector of a query; path leads to it
// from the outside.
func complaints(s *parser.VectorSelector, path []parser.Node) (all []string) {
	if recorded(s.Name) {
		// Each subject once, by the rule's own making. What is set once for all has no job.
		if job := slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == "job" && m.Value == "$job" }); !job && !strings.HasPrefix(s.Name, "lostorder:") {
			return []string{s.Name + " is not narrowed to the chosen job"}
		}
		return nil
	}
	known, is := declared(s.Name)
	if !is {
		return []string{"lostorder does not export " + s.Name}
	}
	fixed := append([]string{}, freeLabels[s.Name]...)
	job := false
	for _, m := range s.LabelMatchers {
		if m.Name == labels.MetricName {
			continue
		}
		job = job || m.Name == "job" && m.Value == "$job"
		if m.Name == "team" && m.Value == "$team" {
			continue // a label of the config, which findings may have
		}
		if ours(s.Name) && !slices.Contains(append(known, ofAnyTarget...), m.Name) {
			all = append(all, s.Name+" has no label "+m.Name)
		}
		if m.Type == labels.MatchEqual {
			fixed = append(fixed, m.Name)
		}
	}
	if ours(s.Name) && !job {
		all = append(all, s.Name+" is not narrowed to the chosen job")
	}
	// What is lost stays lost: the counter itself says how much.
	if counter(s.Name) && !growing(path) && s.Name != "lostorder_queue_lost_messages_total" {
		all = append(all, s.Name+" is a counter, and only its growth says anything")
	}
	return append(all, merged(s.Name, known, fixed, path)...)
}

// freeLabels are labels in which two replicas may differ over one subject.
var freeLabels = map[string][]string{
	"lostorder_finding_since_timestamp_seconds": {"severity", "finding", "external_url"},
	"lostorder_finding_affected":                {"severity", "finding"},
}

// merged demands that the innermost aggregation around a selector takes one value
// for each subject and does not add up what two replicas say of it.
func merged(name string, known, fixed []string, path []parser.Node) []string {
	if strings.HasSuffix(name, "_info") {
		return nil // one, whichever replica exports it
	}
	joined := map[string]string{} // a label that was made of others
	for _, node := range slices.Backward(path) {
		switch n := node.(type) {
		case *parser.Call:
			if n.Func.Name == "label_join" {
				for _, source := range n.Args[3:] {
					joined[text(source)] = text(n.Args[1])
				}
			}
		case *parser.AggregateExpr:
			if n.Op != parser.MAX && n.Op != parser.MIN && (n.Op != parser.AVG || !histogram(name)) {
				return []string{name + ": " + n.Op.String() + " counts a subject once for each replica"}
			}
			if !ours(name) {
				known = []string{"instance"}
			}
			for _, label := range known {
				// The subject in words names all of them.
				named := slices.Contains(n.Grouping, "subject") && strings.Contains(n.Expr.String(), "lostorder_finding_info")
				kept := named || slices.Contains(n.Grouping, label) || slices.Contains(fixed, label) || slices.Contains(n.Grouping, joined[label])
				if !kept {
					return []string{name + ": subjects that differ in " + label + " are taken for one"}
				}
			}
			return nil
		}
	}
	return []string{name + ": each replica has a series of its own"}
}

func text(e parser.Expr) string {
	if s, ok := e.(*parser.StringLiteral); ok {
		return s.Val
	}
	return ""
}

func growing(path []parser.Node) bool {
	for _, node := range path {
		if call, ok := node.(*parser.Call); ok && slices.Contains([]string{"rate", "increase"}, call.Func.Name) {
			return true
		}
	}
	return false
}

func ours(name string) bool { return strings.HasPrefix(name, "lostorder_") }

func histogram(name string) bool {
	m, is := metric(name)
	return is && m.Type == telemetry.Histogram
}

func counter(name string) bool {
	m, is := metric(name)
	return is && (m.Type == telemetry.Counter || m.Type == telemetry.Histogram) || name == "process_cpu_seconds_total"
}

// metric returns the entry of a metric or of one of the series of a histogram.
func metric(name string) (telemetry.Metric, bool) {
	for _, m := range telemetry.Metrics() {
		if m.Name == name || m.Type == telemetry.Histogram && slices.Contains([]string{"_bucket", "_count", "_sum"}, strings.TrimPrefix(name, m.Name)) {
			return m, true
		}
	}
	return telemetry.Metric{}, false
}

// declared returns the labels of a series that lostorder exports.
func declared(name string) ([]string, bool) {
	if m, is := metric(name); is {
		if strings.HasSuffix(name, "_bucket") {
			return append(slices.Clone(m.Labels), "le"), true
		}
		return slices.Clone(m.Labels), true
	}
	return nil, !ours(name) && slices.Contains(ofTheProcess(), name)
}

// recorded reports whether a rule of this project records the series.
func recorded(name string) bool {
	files, _ := filepath.Glob("../rules/*.yml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && regexp.MustCompile(`(?m)^ +- record: `+regexp.QuoteMeta(name)+`$`).Match(text) {
			return true
		}
	}
	return false
}

// ofTheProcess returns the names of what is exported besides the list of metrics.
func ofTheProcess() []string {
	e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot { return &watch.Snapshot{} }})
	answer := httptest.NewRecorder()
	e.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	var names []string
	for line := range strings.Lines(answer.Body.String()) {
		if rest, is := strings.CutPrefix(line, "# TYPE "); is {
			names = append(names, strings.Fields(rest)[0])
		}
	}
	return names
}
