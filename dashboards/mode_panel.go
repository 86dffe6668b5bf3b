package dashboards

import (
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/internal/detect"
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

// side puts panels side by side in rows of at most three, which they fill.
func side(title string, height uint32, panels []panel) []row {
	var rows []row
	for len(panels) > 0 {
		n := min(3, len(panels))
		if len(panels) == 4 {
			n = 2
		}
		r := row{title: title, height: height, panels: panels[:n]}
		for i := range r.panels {
			r.panels[i].width = []uint32{columns, columns / 2, columns / 3}[n-1]
		}
		rows, panels, title = append(rows, r), panels[n:], ""
	}
	return rows
}

func (m *modePanel) panel(in scope) panel {
	findings := query{
		expr:   "sum by (mode) (" + in.each("lostorder_findings", `mode="`+string(m.mode)+`"`) + ")",
		legend: openFindings,
	}
	evidence := []query{{
		expr:   "max by (" + subject(affected, "severity", "finding") + ") (" + in.series(affected, `mode="`+string(m.mode)+`"`) + ")",
		legend: ofQueue,
	}}
	if m.evidence != nil {
		evidence = m.evidence(in)
	}
	return panel{
		title:   string(m.mode) + ": " + m.shows,
		says:    m.says(),
		unit:    m.unit,
		empty:   m.empty,
		look:    withFindings(m.steps...),
		queries: append(evidence, findings),
		links: []dashboard.DashboardLink{
			out("Runbook of "+string(m.mode), runbooks+string(m.mode)+".md"),
			out("Open findings on the status page", "${status_page:raw}/"),
		},
	}
}

// says tells the mode in the words of its decision.
func (m *modePanel) says() string {
	for _, d := range detect.Decisions() {
		if d.Mode == m.mode {
			return d.Description + " Not to be taken for it: " + d.BenignTwin
		}
	}
	return ""
}
