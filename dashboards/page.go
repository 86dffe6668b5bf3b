package dashboards

import (
	"fmt"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	columns = 24 // of Grafana's grid
	tag     = "lostorder"
)

// page is a dashboard before it is built.
type page struct {
	name      string // of the file, and of the address: lostorder-<name>
	title     string
	answers   string     // the question that it answers
	variables []variable // besides those that every page has
	rows      []row
}

// row is panels side by side, which fill the width.
type row struct {
	title     string // "": none, it continues the row above
	height    uint32
	collapsed bool // for what only some installations have
	panels    []panel
}

func (p *page) build() (dashboard.Dashboard, error) {
	b := dashboard.NewDashboardBuilder(p.title).
		Uid("lostorder-"+p.name).
		Description(p.answers).
		Tags([]string{tag}).
		Readonly().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Refresh("30s").
		Time("now-6h", "now")
	b.WithVariable(datasource())
	for _, v := range slices.Concat([]variable{jobs}, p.variables, []variable{statusPage}) {
		b.WithVariable(v.build())
	}
	if len(p.marked()) > 0 {
		b.WithVariable(alertMarks())
	}
	y := uint32(0)
	for _, r := range p.rows {
		var title *dashboard.RowBuilder
		if r.title != "" {
			at := dashboard.GridPos{X: 0, Y: y, W: columns, H: 1}
			title = dashboard.NewRowBuilder(r.title).Id(panelID(r.title)).GridPos(at).Collapsed(r.collapsed)
			y++
		}
		x, all := uint32(0), []ready[dashboard.Panel]{}
		for i := range r.panels {
			built, err := r.panels[i].build(dashboard.GridPos{X: x, Y: y, W: r.panels[i].width, H: r.height})
			if err != nil {
				return dashboard.Dashboard{}, fmt.Errorf("panel %q: %w", r.panels[i].title, err)
			}
			built.GridPos.X, x = x, x+r.panels[i].width
			all = append(all, ready[dashboard.Panel]{built})
		}
		if r.collapsed {
			for _, p := range all {
				title.WithPanel(p)
			}
			b.WithRow(title)
			continue // the panels are inside
		}
		if title != nil {
			b.WithRow(title)
		}
		for _, p := range all {
			b.WithPanel(p)
		}
		y += r.height
	}
	model, err := b.Build()
	if err != nil {
		return dashboard.Dashboard{}, err
	}
	model.Annotations.List = p.annotations()
	model.Links = links()
	for i := range model.Templating.List {
		v := &model.Templating.List[i]
		v.Auto, v.AutoMin, v.AutoCount = nil, nil, nil // the builder adds them, and Grafana's schema does not have them
	}
	return model, model.Validate()
}

// ready is something that is built already, for a builder that wants to build it.
type ready[T any] struct{ built T }

// Build returns it.
func (r ready[T]) Build() (T, error) { return r.built, nil }

var _ cog.Builder[dashboard.Panel] = ready[dashboard.Panel]{}
