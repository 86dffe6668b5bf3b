package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// variable is what is chosen at the top of a dashboard: the values that a label
// has.
type variable struct {
	name, label, says string
	query             string
	regex             string // takes the value out of what the query returns
	one               bool   // one of them; otherwise any number, and all at first
	atLeastOne        bool   // any number but all, and the first one by default
	hidden            bool   // it is not shown: links use it
}

var (
	// jobs keeps production and staging apart where one Prometheus has both. There is no
	// "All", because Grafana would choose it by default.
	jobs = variable{
		name: "job", label: "Job", says: "The scrape jobs of lostorder. With several, each panel shows them apart.",
		query: "label_values(lostorder_build_info, job)", atLeastOne: true,
	}
	// statusPage is where links lead that are about no single finding: to
	// --web.external-url, or else to the address that Prometheus scrapes.
	statusPage = variable{
		name: "status_page", label: "Status page", says: "Where your browser reaches lostorder: see --web.external-url.",
		query: `query_result(` + withURL(`lostorder_status_page_info{job=~"$job"}`) + `)`, regex: `/url="([^"]+)"/`, one: true, hidden: true,
	}
)

// teams narrows the findings of a page to those of some teams: a label of the config that
// targets, lifecycles and findings may have.
var teams = variable{
	name: "team", label: "Team", says: "Narrows the findings to those with this label team of the config. What cannot be read is shown whosever it is.",
	query: `query_result(count by (job, team) ({__name__=~"lostorder_target_info|lostorder_lifecycle_info|` + since + `", job=~"$job", team!=""}))`, regex: `/team="([^"]+)"/`,
}

// ofTeam selects the series of findings of the chosen teams. Series without the label pass
// where all are chosen, and only there.
const ofTeam = `team=~"$team"`

// withURL gives each series the label url: the address of the status page of the instance
// that exports it.
func withURL(series string) string {
	return `label_replace(label_replace(` + series + `, "url", "http://$1", "instance", "(.+)"), "url", "$1", "external_url", "(.+)")`
}

// byLabel is a variable of the values that a label has in a metric.
func byLabel(name, label, title, metric string) variable {
	return variable{
		name: name, label: title, says: "Narrows the panels that have the label " + label + ".",
		query: "label_values(" + metric + `{job=~"$job"}, ` + label + ")",
	}
}

func (v *variable) build() cog.Builder[dashboard.VariableModel] {
	b := dashboard.NewQueryVariableBuilder(v.name).
		Label(v.label).
		Description(v.says).
		Datasource(datasourceRef()).
		Query(dashboard.StringOrMap{String: &v.query}).
		Definition(v.query).
		Regex(v.regex).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).
		AllowCustomValue(v.one)
	if v.hidden {
		b.Hide(dashboard.VariableHideHideVariable)
	}
	if v.one {
		return b
	}
	if v.atLeastOne {
		return b.Multi(true).IncludeAll(false)
	}
	// Not a list of all values, which would outgrow a query; also where the label is not there.
	return b.Multi(true).IncludeAll(true).AllValue(".*").Current(dashboard.VariableOption{
		Selected: new(true),
		Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
		Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
	})
}

// alertMarks switches the marks of all critical findings of a page. It is a variable,
// because Grafana's own switches are one per annotation, and the marks of each mode are
// an annotation of their own.
func alertMarks() cog.Builder[dashboard.VariableModel] {
	option := func(text, value string, selected bool) dashboard.VariableOption {
		return dashboard.VariableOption{
			Selected: &selected,
			Text:     dashboard.StringOrArrayOfString{String: &text},
			Value:    dashboard.StringOrArrayOfString{String: &value},
		}
	}
	return dashboard.NewCustomVariableBuilder(marksVariable).
		Label("Alert marks").
		Description("Marks the start of each critical finding, on the panels that it is about.").
		Values(dashboard.StringOrMap{String: new("off : 0, on : 1")}).
		Options([]dashboard.VariableOption{option("off", "0", true), option("on", "1", false)}).
		Current(option("off", "0", true)).
		AllowCustomValue(false)
}

// datasource is the first variable of every dashboard.
func datasource() cog.Builder[dashboard.VariableModel] {
	return dashboard.NewDatasourceVariableBuilder("datasource").
		Label("Data source").
		Description("The Prometheus that scrapes lostorder.").
		Type("prometheus").
		AllowCustomValue(false).
		// Without it, an import chooses the first data source by name.
		Current(dashboard.VariableOption{
			Selected: new(true),
			Text:     dashboard.StringOrArrayOfString{String: new("default")},
			Value:    dashboard.StringOrArrayOfString{String: new("default")},
		})
}
