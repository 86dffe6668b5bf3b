package dashboards

import (
	"hash/fnv"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/lostorder/lostorder/internal/signal"
)

// panel is one panel before it is built. All panels have all of this.
type panel struct {
	title   string
	about   string // what it shows and how to read it
	width   uint32
	unit    string
	empty   string // what it means that there is no series; shown in place of "No data"
	visual  visual
	queries []query
	links   []dashboard.DashboardLink
	marks   []signal.Mode // the modes whose critical findings are marked on the panel
}

func (p *panel) build(at dashboard.GridPos) (dashboard.Panel, error) {
	if lines, ok := p.visual.panel.(*timeseries.PanelBuilder); ok {
		lines.Legend(legend(at))
		if p.unit == unitCount {
			lines.Decimals(0).AxisSoftMax(4) // an axis of counts has no fractions
		}
	}
	built, err := p.visual.panel.Build()
	if err != nil {
		return built, err
	}
	built.Id = new(panelID(p.title))
	if len(p.marks) > 0 {
		built.Id = new(uint32(markedID(p.title)))
	}
	built.Title, built.Description = &p.title, &p.about
	built.GridPos = &at
	built.RepeatDirection = nil // nothing repeats
	if options, ok := built.Options.(*table.Options); ok {
		options.Footer = nil // the builder adds one, and Grafana 12.4 has no such option any more
	}
	built.Datasource = new(datasourceRef())
	built.FieldConfig.Defaults.Unit = &p.unit
	built.FieldConfig.Defaults.NoValue = &p.empty
	built.FieldConfig.Defaults.Links = p.links
	if built.Type == "stat" {
		// Without a value, a number would have the colour of zero.
		built.FieldConfig.Defaults.Mappings = append(built.FieldConfig.Defaults.Mappings, nothing(p.empty))
	}
	for i, q := range p.queries {
		target, err := p.visual.target(q, i).Build()
		if err != nil {
			return built, err
		}
		built.Targets = append(built.Targets, target)
	}
	return built, nil
}

// legend is a table beside the graph where at least four rows of it are whole, the
// highest first; elsewhere the tooltip names the series.
func legend(at dashboard.GridPos) *common.VizLegendOptionsBuilder {
	b := common.NewVizLegendOptionsBuilder()
	if at.W < columns/2 || at.H < 7 {
		return b.ShowLegend(false).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)
	}
	return b.ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementRight).
		Calcs([]string{"max", "lastNotNull"}).SortBy("Max").SortDesc(true)
}

// target builds a query. Where several jobs are chosen, each series gets the label
// "several" with its job, so that legends name the job then and only then: with one job
// the expression $job has no group and the label stays empty.
func (v *visual) target(q query, i int) *prometheus.DataqueryBuilder {
	expr, text := q.expr, q.legend
	if v.format == prometheus.PromQueryFormatTimeSeries {
		expr, text = `label_replace(`+expr+`, "several", "$1", "job", "$job")`, "{{several}} "+text
	}
	b := prometheus.NewDataqueryBuilder().
		RefId(refID(i)).
		Datasource(datasourceRef()).
		Expr(expr).
		LegendFormat(text).
		Format(v.format).
		EditorMode(prometheus.QueryEditorModeCode)
	if q.exemplar {
		b.Exemplar(true)
	}
	if v.instant {
		return b.Instant()
	}
	return b.Range()
}

func refID(i int) string { return "ABCDEFGH"[i : i+1] }

// panelID is made from the title, so that the address of a panel stays the same
// while others come and go around it.
func panelID(title string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(title))
	return h.Sum32()%99_999 + 1
}

// markedID is the id of a panel with marks. The filter of an annotation is declared with
// ids of 8 bits in Grafana's classic schema. A test reports two panels with one id.
func markedID(title string) uint8 {
	return uint8(panelID(title)%255 + 1) //nolint:gosec // from 1 to 255
}

func datasourceRef() common.DataSourceRef {
	return common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
}
