package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// annotations mark what has happened on every panel that shows time. They have no
// placement: the builder's own would hide their switches in a menu.
func annotations() []dashboard.AnnotationQuery {
	grafana := common.DataSourceRef{Type: new("grafana"), Uid: new("-- Grafana --")}
	return []dashboard.AnnotationQuery{
		{
			Name: "Alerts", Datasource: new(datasourceRef()), Enable: true, IconColor: red,
			Expr:        new(`ALERTS{alertname=~"Lostorder.+", alertstate="firing"}`),
			TitleFormat: new("{{alertname}}"), TextFormat: new("{{mode}} {{messaging_destination_name}} {{outbox}} {{lifecycle}} {{target}}"), TagKeys: new("severity"),
			Step: new("60s"),
		},
		{
			Name: "lostorder started or reloaded", Datasource: new(datasourceRef()), Enable: true, IconColor: "blue",
			Expr:        new(`1000 * max by (instance) (lostorder_config_last_reload_success_timestamp_seconds{job=~"$job"})`),
			TitleFormat: new("lostorder loaded its configuration"), TextFormat: new("{{instance}}"), TagKeys: new("instance"),
			Step: new("60s"), UseValueForTime: new(true),
		},
		{
			// What your pipeline posts to Grafana's own annotations with the tag "deploy".
			Name: "Deploys", Datasource: &grafana, Enable: true, IconColor: "purple",
			Target: variants.UnknownDataquery{"limit": 100, "matchAny": true, "tags": []string{"deploy"}, "type": "tags"},
		},
	}
}
