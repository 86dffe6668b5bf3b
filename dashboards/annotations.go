package dashboards

import (
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// marksVariable is the variable that switches alert marks: 1 is on.
const marksVariable = "alert_marks"

// marksOf is the name of the annotation that marks the critical findings of some modes.
func marksOf(modes []signal.Mode) string {
	if len(modes) == 1 {
		return "Alerts: " + string(modes[0])
	}
	return "Alerts"
}

// marked returns the ids of the panels on which each annotation of the page is shown.
func (p *page) marked() map[string][]uint8 {
	ids := map[string][]uint8{}
	for _, r := range p.rows {
		for i := range r.panels {
			if modes := r.panels[i].marks; len(modes) > 0 {
				ids[marksOf(modes)] = append(ids[marksOf(modes)], markedID(r.panels[i].title))
			}
		}
	}
	return ids
}

// annotations mark events. They have no placement: the builder's own would hide their
// switches in a menu.
func (p *page) annotations() []dashboard.AnnotationQuery {
	grafana := common.DataSourceRef{Type: new("grafana"), Uid: new("-- Grafana --")}
	return append(p.alerts(),
		dashboard.AnnotationQuery{
			Name: "Restarts", Datasource: new(datasourceRef()), Enable: true, IconColor: sky,
			Expr:        new(`1000 * max by (job, instance) (lostorder_config_last_reload_success_timestamp_seconds{job=~"$job"})`),
			TitleFormat: new("lostorder loaded its configuration"), TextFormat: new("{{instance}}"), TagKeys: new("instance"),
			Step: new("60s"), UseValueForTime: new(true),
		},
		dashboard.AnnotationQuery{
			// What your pipeline posts to Grafana's own annotations with the tag "deploy".
			Name: "Deploys", Datasource: &grafana, Enable: true, IconColor: pink,
			Target: variants.UnknownDataquery{"limit": 100, "matchAny": true, "tags": []string{"deploy"}, "type": "tags"},
		})
}

// alerts mark the start of each critical finding as a thin line, on the panels of its
// mode only. One variable switches all of them, and it is off by default, because at a
// range of hours the marks cover a graph. They come from the finding itself and not from
// ALERTS, whose samples Grafana joins to a coloured region.
func (p *page) alerts() []dashboard.AnnotationQuery {
	var all []dashboard.AnnotationQuery
	marked := p.marked()
	for _, r := range p.rows {
		for i := range r.panels {
			modes := r.panels[i].marks
			if len(modes) == 0 || slices.ContainsFunc(all, func(a dashboard.AnnotationQuery) bool { return a.Name == marksOf(modes) }) {
				continue
			}
			matchers := []string{`severity="critical"`}
			if len(modes) < len(detect.Modes()) {
				matchers = append(matchers, `mode=~"`+joined(modes)+`"`)
			}
			all = append(all, dashboard.AnnotationQuery{
				Name: marksOf(modes), Datasource: new(datasourceRef()), Enable: true, Hide: new(true), IconColor: bad,
				Expr: new("1000 * max by (job, mode, subject) (" + scope{}.series(since, matchers...) + inWords + ")" +
					" and on () vector($" + marksVariable + ") == 1"),
				TitleFormat: new("{{mode}}"), TextFormat: new("{{subject}}"), TagKeys: new("job"),
				Step: new("60s"), UseValueForTime: new(true),
				Filter: &dashboard.AnnotationPanelFilter{Exclude: new(false), Ids: marked[marksOf(modes)]},
			})
		}
	}
	return all
}

func joined(modes []signal.Mode) string {
	names := make([]string, len(modes))
	for i, m := range modes {
		names[i] = string(m)
	}
	return strings.Join(names, "|")
}
