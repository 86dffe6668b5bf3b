package dashboards

import (
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// modesOn returns the rows of the failure modes that a page shows.
func modesOn(name string, in scope) []row {
	var panels []panel
	for _, m := range modePanels {
		if m.page == name && slices.Contains(detect.Modes(), m.mode) {
			panels = append(panels, m.panel(in))
		}
	}
	return side("Failure modes", 8, panels)
}

// side puts panels side by side in rows of two, so that each has room for a legend.
func side(title string, height uint32, panels []panel) []row {
	var rows []row
	for len(panels) > 0 {
		n := min(2, len(panels))
		r := row{title: title, height: height, panels: panels[:n]}
		for i := range r.panels {
			r.panels[i].width = columns / uint32(n)
		}
		rows, panels, title = append(rows, r), panels[n:], ""
	}
	return rows
}

func (m *modePanel) panel(in scope) panel {
	open := query{
		expr:   "sum by (job, mode) (" + in.open(`mode="`+string(m.mode)+`"`) + ")",
		legend: openFindings,
	}
	evidence := []query{{
		expr:   "max by (" + subject(affected, "severity", "finding") + ") (" + in.series(affected, `mode="`+string(m.mode)+`"`) + ")",
		legend: ofQueue,
	}}
	if m.evidence != nil {
		evidence = m.evidence(in)
	}
	v := lines(m.steps...)
	if m.log {
		v = logarithmic()
	}
	return panel{
		title:   string(m.mode) + ": " + m.shows,
		about:   m.about(),
		unit:    m.unit,
		empty:   m.empty,
		marks:   []signal.Mode{m.mode},
		visual:  v.withFindings(refID(len(evidence))),
		queries: append(evidence, open),
		links: []dashboard.DashboardLink{
			out("Runbook of "+string(m.mode), runbooks+string(m.mode)+".md"),
			out("Open findings on the status page", "${status_page:raw}/"),
		},
	}
}

// about describes the mode in the words of its decision.
func (m *modePanel) about() string {
	for _, d := range detect.Decisions() {
		if d.Mode == m.mode {
			return d.Description + " Benign: " + d.BenignTwin
		}
	}
	return ""
}
