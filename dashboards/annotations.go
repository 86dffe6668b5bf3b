package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/internal/signal"
)

// annotations mark what happened. They have no placement: the builder's own would hide
// their switches in a menu.
//
// Critical findings are off by default, because at a range of hours their marks cover
// every graph. Each is a thin line at its start, and only those are marked that the page
// is about. It comes from the finding itself and not from ALERTS, whose samples Grafana
// joins to a coloured region.
func annotations(modes []signal.Mode) []dashboard.AnnotationQuery {
	grafana := common.DataSourceRef{Type: new("grafana"), Uid: new("-- Grafana --")}
	matchers := []string{`severity="critical"`}
	if modes != nil {
		names := make([]string, len(modes))
		for i, m := range modes {
			names[i] = string(m)
		}
		matchers = append(matchers, `mode=~"`+strings.Join(names, "|")+`"`)
	}
	return []dashboard.AnnotationQuery{
		{
			Name: "Alerts", Datasource: new(datasourceRef()), Enable: false, IconColor: bad,
			Expr:        new("1000 * max by (job, mode, subject) (" + scope{}.series(since, matchers...) + inWords + ")"),
			TitleFormat: new("{{mode}}"), TextFormat: new("{{subject}}"), TagKeys: new("job"),
			Step: new("60s"), UseValueForTime: new(true),
		},
		{
			Name: "Restarts", Datasource: new(datasourceRef()), Enable: true, IconColor: sky,
			Expr:        new(`1000 * max by (job, instance) (lostorder_config_last_reload_success_timestamp_seconds{job=~"$job"})`),
			TitleFormat: new("lostorder loaded its configuration"), TextFormat: new("{{instance}}"), TagKeys: new("instance"),
			Step: new("60s"), UseValueForTime: new(true),
		},
		{
			// What your pipeline posts to Grafana's own annotations with the tag "deploy".
			Name: "Deploys", Datasource: &grafana, Enable: true, IconColor: pink,
			Target: variants.UnknownDataquery{"limit": 100, "matchAny": true, "tags": []string{"deploy"}, "type": "tags"},
		},
	}
}
