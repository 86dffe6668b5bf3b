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
	always            bool   // every series has the label
}

var (
	// jobs keeps production and staging apart where one Prometheus has both.
	jobs = variable{
		name: "job", label: "Job", says: "The scrape jobs of lostorder.",
		query: "label_values(lostorder_build_info, job)", always: true,
	}
	// statusPage is where links to findings lead. Any address can be typed in.
	statusPage = variable{
		name: "status_page", label: "Status page", says: "Where your browser reaches lostorder; type the address in if it is another than Prometheus uses.",
		query: `query_result(label_replace(lostorder_build_info{job=~"$job"}, "url", "http://$1", "instance", "(.+)"))`, regex: `/url="([^"]+)"/`, one: true,
	}
)

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
	if v.one {
		return b
	}
	// Not a list of all values, which would outgrow a query.
	all := ".*" // also where the label is not there
	if v.always {
		all = ".+"
	}
	return b.Multi(true).IncludeAll(true).AllValue(all).Current(dashboard.VariableOption{
		Selected: new(true),
		Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
		Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
	})
}

// datasource is the first variable of every dashboard.
func datasource() cog.Builder[dashboard.VariableModel] {
	return dashboard.NewDatasourceVariableBuilder("datasource").
		Label("Data source").
		Description("The Prometheus that scrapes lostorder.").
		Type("prometheus").
		AllowCustomValue(false)
}
