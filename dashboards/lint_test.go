package dashboards_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/lostorder/lostorder/dashboards"
)

// rule is a rule of Grafana's dashboard-linter, under its name there, or one of
// ours. It returns what is wrong.
type rule struct {
	name  string
	check func(t *testing.T, d *dashboards.Dashboard) []string
}

// Of the linter's rules, four are not here:
//   - template-instance-rule and target-instance-rule: an instance is a replica of
//     lostorder, and what it says of a subject is the same as what the others say;
//   - target-logql-rule and target-logql-auto-rule: there are no logs here.
//
// target-promql-rule, target-job-rule and target-counter-agg-rule are in
// TestQueries, template-label-promql-rule in TestVariablesAskForWhatIsExported.
var rules = []rule{
	{"template-datasource-rule", datasourceVariable},
	{"template-job-rule", jobVariable},
	{"template-on-time-change-reload-rule", variablesFollowTime},
	{"panel-datasource-rule", everythingAsksTheDatasource},
	{"panel-title-description-rule", panelsAreDescribed},
	{"panel-units-rule", panelsHaveUnits},
	{"panel-no-targets-rule", panelsHaveQueries},
	{"target-rate-interval-rule", rangesAreGrafanas},
	{"uneditable-dashboard", dashboardIsNotEditable},
	{"no inputs", noInputs},
	{"no panel is ever without a word", panelsSayWhyTheyAreEmpty},
	{"thresholds are counts, shares of an objective, or intervals", thresholdsHoldNoNumbers},
	{"dashboards are tagged, and say what they answer", dashboardIsDescribed},
}

func TestRules(t *testing.T) {
	for _, d := range all(t) {
		for _, r := range rules {
			t.Run(d.File+"/"+r.name, func(t *testing.T) {
				for _, complaint := range r.check(t, &d) {
					t.Error(complaint)
				}
			})
		}
	}
}

func find(d *dashboards.Dashboard, name string) *dashboard.VariableModel {
	for i := range d.Model.Templating.List {
		if v := &d.Model.Templating.List[i]; v.Name == name {
			return v
		}
	}
	return nil
}

func datasourceVariable(_ *testing.T, d *dashboards.Dashboard) []string {
	v := find(d, "datasource")
	if v == nil || v.Type != "datasource" || *v.Query.String != "prometheus" || *v.Label != "Data source" || &d.Model.Templating.List[0] != v {
		return []string{`the first variable is not "datasource" of type prometheus, labelled "Data source"`}
	}
	return nil
}

func jobVariable(_ *testing.T, d *dashboards.Dashboard) []string {
	v := find(d, "job")
	// With "All", Grafana would choose that by default, and mix staging with production.
	if v == nil || v.Type != "query" || !*v.Multi || *v.IncludeAll || v.Current != nil || *v.Label != "Job" {
		return []string{`no variable "job" of which the first is the default and several can be chosen`}
	}
	return nil
}

func variablesFollowTime(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, v := range d.Model.Templating.List {
		if v.Type == "query" && (v.Refresh == nil || *v.Refresh != dashboard.VariableRefreshOnTimeRangeChanged) {
			all = append(all, "variable "+v.Name+" does not follow the time range")
		}
	}
	return all
}

func everythingAsksTheDatasource(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if p.Datasource == nil || *p.Datasource.Uid != "${datasource}" || *p.Datasource.Type != "prometheus" {
			all = append(all, *p.Title)
		}
		for _, q := range targets(t, p) {
			if q.Datasource == nil || *q.Datasource.Uid != "${datasource}" {
				all = append(all, *p.Title+": query "+*q.RefId)
			}
		}
	}
	for _, v := range d.Model.Templating.List {
		if v.Type == "query" && *v.Datasource.Uid != "${datasource}" {
			all = append(all, "variable "+v.Name)
		}
	}
	return all
}

func panelsAreDescribed(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if strings.TrimSpace(*p.Title) == "" || len(*p.Description) < 20 || !strings.HasSuffix(*p.Description, ".") {
			all = append(all, fmt.Sprintf("%q: %q", *p.Title, *p.Description))
		}
	}
	return all
}

// unitsInUse are what the panels show; the SDK has the words as constants.
var unitsInUse = []string{"locale", "suffix: × budget", units.PercentUnit, units.Seconds, units.DurationSeconds, units.MessagesPerSecond, units.RowsPerSecond, units.BytesIEC, "suffix: /min"}

func panelsHaveUnits(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if u := p.FieldConfig.Defaults.Unit; u == nil || !slices.Contains(unitsInUse, *u) {
			all = append(all, *p.Title)
		}
	}
	return all
}

func panelsHaveQueries(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if len(p.Targets) == 0 {
			all = append(all, *p.Title)
		}
		for _, q := range targets(t, p) {
			if q.LegendFormat == nil || *q.LegendFormat == "" {
				all = append(all, *p.Title+": query "+*q.RefId+" has no legend")
			}
		}
	}
	return all
}

var ranges = regexp.MustCompile(`\[([^\]]*)\]`)

func rangesAreGrafanas(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		for _, q := range targets(t, p) {
			for _, m := range ranges.FindAllStringSubmatch(q.Expr, -1) {
				if m[1] != "$__rate_interval" && (m[1] != "$__range" || !strings.Contains(q.Expr, "increase(") || p.Type != "stat" && !strings.Contains(q.Expr, "$__range_s")) {
					all = append(all, *p.Title+": "+m[0])
				}
			}
		}
	}
	return all
}

func dashboardIsNotEditable(_ *testing.T, d *dashboards.Dashboard) []string {
	if d.Model.Editable == nil || *d.Model.Editable {
		return []string{"a change in Grafana would be gone with the next file"}
	}
	return nil
}

func noInputs(t *testing.T, d *dashboards.Dashboard) []string {
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"__inputs", "__requires", "${DS_"} {
		if strings.Contains(string(text), word) {
			return []string{word + " makes the import ask, and provisioning fail"}
		}
	}
	return nil
}

func panelsSayWhyTheyAreEmpty(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if p.FieldConfig.Defaults.NoValue == nil || len(*p.FieldConfig.Defaults.NoValue) < 4 {
			all = append(all, *p.Title)
		}
	}
	return all
}

// thresholdsHoldNoNumbers: a deadline or an objective is a series, and a panel
// shows how much of it is used up. What is left is "one is too many", "all of it",
// and the three intervals after which a reading is dropped.
func thresholdsHoldNoNumbers(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if p.FieldConfig.Defaults.Thresholds == nil {
			continue
		}
		for _, s := range p.FieldConfig.Defaults.Thresholds.Steps {
			if s.Value != nil && *s.Value != 1 && (*s.Value != 3 || !strings.Contains(*p.Title, "in intervals")) {
				all = append(all, fmt.Sprintf("%s: %v", *p.Title, *s.Value))
			}
		}
	}
	return all
}

func dashboardIsDescribed(_ *testing.T, d *dashboards.Dashboard) []string {
	if !slices.Equal(d.Model.Tags, []string{"lostorder"}) || len(*d.Model.Description) < 40 || *d.Model.Title == "" || d.Model.SchemaVersion != 42 {
		return []string{fmt.Sprintf("%q: tags %v, schema %d", *d.Model.Title, d.Model.Tags, d.Model.SchemaVersion)}
	}
	return nil
}
