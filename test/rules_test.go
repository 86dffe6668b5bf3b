package test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/web"
)

// rule is a rule as Prometheus reads it.
type rule struct {
	Record        string
	Alert         string
	Expr          string
	For           string
	KeepFiringFor string `yaml:"keep_firing_for"`
	Labels        map[string]string
	Annotations   map[string]string
}

func rules(t *testing.T, pattern string) []rule {
	t.Helper()
	var all []rule
	for _, path := range files(t, pattern) {
		var file struct {
			Groups []struct {
				Name, Interval string
				Rules          []rule
			}
		}
		if err := yaml.Unmarshal([]byte(read(t, path)), &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, g := range file.Groups {
			all = append(all, g.Rules...)
		}
	}
	if len(all) == 0 {
		t.Fatalf("no rule in %s", pattern)
	}
	return all
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file %s: %v", pattern, err)
	}
	return paths
}

// names returns the metrics of an expression, parsed by Prometheus's own parser.
func names(t *testing.T, expr string) (all []string) {
	t.Helper()
	parsed, err := parser.ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return nil
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			all = append(all, s.Name)
		}
		return nil
	})
	return all
}

// known returns the metrics that lostorder exports and the series that the rules record.
func known(t *testing.T) map[string]bool {
	all := map[string]bool{}
	for _, m := range telemetry.Metrics() {
		all[m.Name] = true
		if m.Type == telemetry.Histogram {
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				all[m.Name+suffix] = true
			}
		}
	}
	for _, r := range rules(t, "../rules/*.yml") {
		all[r.Record] = true
	}
	return all
}

var (
	query    = regexp.MustCompile(`query (?:\(printf )?("(?:[^"\\]|\\.)*"|` + "`[^`]*`)")
	mention  = regexp.MustCompile(`\b(?:[a-z_]+:)?lostorder_[a-z0-9_]+(?::[a-z0-9_]+)?`)
	recorded = regexp.MustCompile(`^[a-z_]+:[a-z_]+:[a-z0-9_]+$`)
)

func TestRulesAndAlertsUseOnlyExportedMetrics(t *testing.T) {
	exported := known(t)
	for _, r := range slices.Concat(rules(t, "../rules/*.yml"), rules(t, "../alerts/*.yml")) {
		asked := names(t, r.Expr)
		for _, text := range r.Annotations {
			for _, found := range query.FindAllStringSubmatch(text, -1) {
				asked = append(asked, names(t, strings.ReplaceAll(strings.Trim(found[1], `"`), "%q", `"x"`))...)
			}
		}
		for _, name := range asked {
			if !exported[name] {
				t.Errorf("%s%s uses %q, which lostorder does not export and no rule records", r.Record, r.Alert, name)
			}
		}
		if r.Record != "" && !recorded.MatchString(r.Record) {
			t.Errorf("%s is not level:metric:operations", r.Record)
		}
	}
	for _, path := range slices.Concat(files(t, "../alerts/runbooks/*.md"), files(t, "../docs/alerts.md")) {
		for _, name := range mention.FindAllString(read(t, path), -1) {
			if !exported[name] {
				t.Errorf("%s names %s, which lostorder does not export and no rule records", path, name)
			}
		}
	}
}

// A label that the rules drop would merge two findings.
func TestRulesKeepEveryLabelOfAFinding(t *testing.T) {
	const metric = "lostorder_finding_affected"
	i := slices.IndexFunc(telemetry.Metrics(), func(m telemetry.Metric) bool { return m.Name == metric })
	want := telemetry.Metrics()[i].Labels
	subject := slices.DeleteFunc(slices.Clone(want), func(l string) bool { return l == "finding" || l == "severity" })
	subject, want = append(subject, "job", "environment"), append(want, "job", "environment")
	for _, r := range rules(t, "../rules/findings.yml") {
		if strings.HasPrefix(r.Record, "mode_severity:") {
			continue
		}
		parsed, err := parser.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			switch a, ok := node.(*parser.AggregateExpr); {
			case !ok:
			case a.Without: // keeps the labels of the config, too, which have any names
				for _, dropped := range a.Grouping {
					if _, reserved := collectors.ReservedLabel(dropped); slices.Contains(want, dropped) || !reserved {
						t.Errorf("%s drops %s, which a finding has or may have", r.Record, dropped)
					}
				}
			case a.Op == parser.BOTTOMK:
				if !slices.Equal(slices.Sorted(slices.Values(a.Grouping)), slices.Sorted(slices.Values(subject))) {
					t.Errorf("%s: %s by %v; the subject has %v", r.Record, a.Op, a.Grouping, subject)
				}
			default:
				t.Errorf("%s: %s by %v drops the labels of the config", r.Record, a.Op, a.Grouping)
			}
			return nil
		})
	}
}

// modeOf returns the failure mode that an alert is about, "" for one about lostorder
// itself.
func modeOf(t *testing.T, r *rule) signal.Mode {
	parsed, err := parser.ParseExpr(r.Expr)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := parsed.(*parser.VectorSelector); ok && s.Name == "finding:lostorder_finding_affected:max" {
		for _, m := range s.LabelMatchers {
			if m.Name == "mode" {
				return signal.Mode(m.Value)
			}
		}
	}
	return ""
}

func TestAlertsHaveAllAnnotations(t *testing.T) {
	var link string
	for _, r := range rules(t, "../alerts/*.yml") {
		t.Run(r.Alert+r.Labels["window"], func(t *testing.T) {
			mode := modeOf(t, &r)
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("summary %q, description %q", r.Annotations["summary"], r.Annotations["description"])
			}
			checkNumbers(t, r.Annotations)
			if url := r.Annotations["dashboard_url"]; !dashboardLink.MatchString(url) {
				t.Errorf("dashboard_url %q leads to no dashboard with a time range", url)
			}
			page, ok := strings.CutPrefix(r.Annotations["runbook_url"], web.DefaultRunbookBase)
			if text := read(t, filepath.Join("../alerts/runbooks", page)); !ok || !strings.HasPrefix(text, "# "+r.Alert) {
				t.Errorf("runbook_url %q does not lead to the page of the alert", r.Annotations["runbook_url"])
			}
			severity := r.Labels["severity"]
			if mode == "" && strings.Contains(r.Expr, "finding:lostorder_finding_affected:max") { // of any mode
				if severity != "" {
					t.Error("the severity is the finding's own")
				}
				return
			}
			if mode == "" {
				if !slices.Contains([]string{string(signal.Critical), string(signal.Warning), string(signal.Info)}, severity) {
					t.Errorf("severity is %q", severity)
				}
				return
			}
			if severity != "" {
				t.Error("the severity is the finding's own")
			}
			if !slices.Contains(detect.Modes(), mode) {
				t.Errorf("mode %s does not exist", mode)
			}
			if page != string(mode)+".md" {
				t.Errorf("a finding of %s has another runbook than its alert, %s", mode, page)
			}
			if link == "" {
				link = r.Annotations["finding_url"]
			}
			if url := r.Annotations["finding_url"]; url == "" || url != link {
				t.Errorf("finding_url %q is not that of the others", url)
			}
			uid := dashboardLink.FindStringSubmatch(r.Annotations["dashboard_url"])[1]
			if page := read(t, "../dashboards/"+uid+".json"); !strings.Contains(page, `"title": "`+string(mode)+": ") {
				t.Errorf("dashboard_url leads to %s, which has no panel of %s", uid, mode)
			}
			for _, name := range []string{"since", "orders"} {
				if r.Annotations[name] == "" {
					t.Errorf("no annotation %s", name)
				}
			}
			if r.KeepFiringFor != "5m" || r.For != "" {
				t.Errorf("for %q and keep_firing_for %q are not those of the others", r.For, r.KeepFiringFor)
			}
		})
	}
}

var (
	// dashboardLink is a link to a dashboard of this project with a time range.
	dashboardLink = regexp.MustCompile(`lostorder:grafana:info.*/d/lostorder-([a-z-]+)\?.*from=.*&to=now$`)
	// bareNumber is a number as Prometheus writes it by default: 1.234567e+06.
	bareNumber = regexp.MustCompile(`\{\{-?\s*\$value\s*-?\}\}`)
	// bareTime is a time as Prometheus writes it by default, with milliseconds and two names of the zone.
	bareTime = regexp.MustCompile(`humanizeTimestamp\s*\}\}`)
)

// checkNumbers demands numbers and times as people write them.
func checkNumbers(t *testing.T, annotations map[string]string) {
	for name, text := range annotations {
		if bareNumber.MatchString(text) {
			t.Errorf("%s prints $value without a format", name)
		}
		if bareTime.MatchString(text) {
			t.Errorf("%s prints a timestamp without a format", name)
		}
	}
}

// TestRulesKeepTheJob demands of every rule that staging and production stay apart.
func TestRulesKeepTheJob(t *testing.T) {
	for _, r := range slices.Concat(rules(t, "../rules/*.yml"), rules(t, "../alerts/*.yml")) {
		parsed, err := parser.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			switch n := node.(type) {
			case *parser.AggregateExpr:
				if !n.Without && (!slices.Contains(n.Grouping, "job") || !slices.Contains(n.Grouping, "environment")) {
					t.Errorf("%s%s: %s by %v mixes jobs", r.Record, r.Alert, n.Op, n.Grouping)
				}
			case *parser.BinaryExpr:
				if m := n.VectorMatching; m != nil && m.On && len(m.MatchingLabels) > 0 && !slices.Contains(m.MatchingLabels, "job") {
					t.Errorf("%s%s: %s on %v matches across jobs", r.Record, r.Alert, n.Op, m.MatchingLabels)
				}
			}
			return nil
		})
	}
}

// TestEveryAlertIsTested checks that promtool's unit tests show each alert firing, resolving, and
// staying quiet elsewhere.
func TestEveryAlertIsTested(t *testing.T) {
	type proof struct{ fires, resolves, quiet bool }
	proofs := map[string]*proof{}
	for _, path := range files(t, "../alerts/tests/*.yml") {
		var file struct {
			Tests []struct {
				Name           string
				AlertRuleTests []struct {
					Alertname string
					ExpAlerts []struct {
						ExpLabels map[string]string `yaml:"exp_labels"`
					} `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		if err := yaml.Unmarshal([]byte(read(t, path)), &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, test := range file.Tests {
			fired := map[string]bool{}
			for _, step := range test.AlertRuleTests {
				p := proofs[step.Alertname]
				if p == nil {
					p = &proof{}
					proofs[step.Alertname] = p
				}
				if len(step.ExpAlerts) > 0 {
					p.fires, fired[step.Alertname] = true, true
				} else if fired[step.Alertname] {
					p.resolves = true
				}
			}
			for _, step := range test.AlertRuleTests {
				if !fired[step.Alertname] && strings.Contains(test.Name, step.Alertname+" is quiet when ") {
					proofs[step.Alertname].quiet = true
				}
			}
		}
	}
	for _, r := range rules(t, "../alerts/*.yml") {
		if p := proofs[r.Alert]; p == nil || !p.fires || !p.resolves || !p.quiet {
			t.Errorf("%s: the tests show %+v", r.Alert, p)
		}
	}
}

// TestAlertDelaysHaveAReason requires a comment before every alert with for or
// keep_firing_for, or at the head of its file.
func TestAlertDelaysHaveAReason(t *testing.T) {
	for _, path := range files(t, "../alerts/*.yml") {
		text := read(t, path)
		head, _, _ := strings.Cut(text, "groups:")
		for block := range strings.SplitSeq(text, "\n\n") {
			for _, wait := range []string{"for: ", "keep_firing_for: "} {
				i := strings.Index(block, "\n        "+wait)
				if i < 0 {
					continue
				}
				value, _, _ := strings.Cut(block[i+len("\n        "+wait):], "\n")
				comment, _, _ := strings.Cut(block, "- alert:")
				if !strings.Contains(comment, value+":") && !strings.Contains(comment, value+" ") && !strings.Contains(comment, "as above") && !strings.Contains(head, wait[:len(wait)-2]+" "+value+":") {
					t.Errorf("%s: no comment says why %s%s in\n%s", path, wait, value, block)
				}
			}
		}
	}
}

// TestRunbooksHaveAllSections checks the sections of every runbook.
// TestPagesHaveWorkingLinksAndCommands checks their links and commands.
func TestRunbooksHaveAllSections(t *testing.T) {
	alerts := map[string]bool{}
	for _, r := range rules(t, "../alerts/*.yml") {
		alerts[filepath.Base(r.Annotations["runbook_url"])] = true
	}
	for _, path := range files(t, "../alerts/runbooks/*.md") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := read(t, path)
			if !alerts[filepath.Base(path)] {
				t.Error("no alert leads here")
			}
			at := 0
			for _, chapter := range []string{"Meaning", "Impact", "First action", "Diagnosis", "Mitigation", "Recover the orders"} {
				i := strings.Index(text[at:], "\n## "+chapter+"\n\n")
				if i < 0 {
					t.Fatalf("section %s is missing or misplaced", chapter)
				}
				at += i + 1
			}
		})
	}
}

// TestAlertmanagerNamesOnlyExistingAlerts: an inhibition of a name that does not
// exist has no effect and no error.
func TestAlertmanagerNamesOnlyExistingAlerts(t *testing.T) {
	exist := map[string]bool{}
	for _, r := range rules(t, "../alerts/*.yml") {
		exist[r.Alert] = true
	}
	for _, name := range regexp.MustCompile(`Lostorder[A-Za-z]+`).FindAllString(read(t, "../alerts/example/alertmanager.yml"), -1) {
		if !exist[name] {
			t.Errorf("there is no alert %s", name)
		}
	}
}

// TestAlertmanagerMutesEverySymptom: a mode that can be a symptom must not page beside its
// cause.
func TestAlertmanagerMutesEverySymptom(t *testing.T) {
	var muted []string
	rule := regexp.MustCompile(`LostorderFindingExplained\]\n +target_matchers: \['alertname =~ "([^"]*)"`).FindStringSubmatch(read(t, "../alerts/example/alertmanager.yml"))
	if rule != nil {
		muted = strings.Split(rule[1], "|")
	}
	want := []string{"LostorderFindingGrew"}
	for _, r := range rules(t, "../alerts/*.yml") {
		if detect.CanBeSymptom(modeOf(t, &r)) {
			want = append(want, r.Alert)
		}
	}
	slices.Sort(want)
	slices.Sort(muted)
	if !slices.Equal(muted, want) || len(want) < 2 {
		t.Errorf("mutes %v, want %v", muted, want)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
