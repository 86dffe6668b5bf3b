package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/internal/web"
)

const runbooks = web.DefaultRunbookBase

// links lead from every dashboard to the others and to the status page. They have
// no placement: the builder's own would hide them in a menu.
func links() []dashboard.DashboardLink {
	return []dashboard.DashboardLink{
		{
			// In the order of their titles.
			Title: "Dashboards", Type: dashboard.DashboardLinkTypeDashboards, Tags: []string{tag}, Icon: "external link", AsDropdown: true,
			Tooltip: "The other dashboards of lostorder", KeepTime: true, IncludeVars: true,
		},
		{
			Title: "Status page", Type: dashboard.DashboardLinkTypeLink, Tags: []string{}, Icon: "bolt", TargetBlank: true,
			Tooltip: "Open findings with evidence and order ids", Url: new("${status_page:raw}/"),
		},
		{
			Title: "Runbooks", Type: dashboard.DashboardLinkTypeLink, Tags: []string{}, Icon: "doc", TargetBlank: true,
			Tooltip: "What to do", Url: new(runbooks),
		},
	}
}

// to is a link to another dashboard that keeps time and variables.
func to(name, title string) dashboard.DashboardLink {
	return dashboard.DashboardLink{
		Title: title, Type: dashboard.DashboardLinkTypeLink, Tags: []string{},
		Url: new("/d/lostorder-" + name + "?${__url_time_range}&${__all_variables}"),
	}
}

// out is a link that leaves Grafana.
func out(title, url string) dashboard.DashboardLink {
	return dashboard.DashboardLink{Title: title, Type: dashboard.DashboardLinkTypeLink, Tags: []string{}, Url: &url, TargetBlank: true}
}
