package dashboards

import (
	"hash/fnv"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// panel is one panel before it is built. All panels have all of this.
type panel struct {
	title   string
	says    string // what it shows and how to read it
	width   uint32
	unit    string
	empty   string // what it means that there is no series; shown in place of "No data"
	look    look
	queries []query
	links   []dashboard.DashboardLink
}

// look is how a panel shows its series.
type look struct {
	panel  cog.Builder[dashboard.Panel]
	format prometheus.PromQueryFormat
	// now: only the latest value is asked for.
	now bool
}

func (p *panel) build(at dashboard.GridPos) (dashboard.Panel, error) {
	built, err := p.look.panel.Build()
	if err != nil {
		return built, err
	}
	built.Id = new(panelID(p.title))
	built.Title, built.Description = &p.title, &p.says
	built.GridPos = &at
	built.RepeatDirection = nil // nothing repeats
	built.Datasource = new(datasourceRef())
	built.FieldConfig.Defaults.Unit = &p.unit
	built.FieldConfig.Defaults.NoValue = &p.empty
	built.FieldConfig.Defaults.Links = p.links
	if built.Type == "stat" {
		// Without a value, a number would have the colour of zero.
		built.FieldConfig.Defaults.Mappings = append(built.FieldConfig.Defaults.Mappings, nothing(p.empty))
	}
	for i, q := range p.queries {
		target, err := p.look.target(q, i).Build()
		if err != nil {
			return built, err
		}
		built.Targets = append(built.Targets, target)
	}
	return built, nil
}

func (l *look) target(q query, i int) *prometheus.DataqueryBuilder {
	b := prometheus.NewDataqueryBuilder().
		RefId("ABCDEFGH"[i : i+1]).
		Datasource(datasourceRef()).
		Expr(q.expr).
		LegendFormat(q.legend).
		Format(l.format).
		EditorMode(prometheus.QueryEditorModeCode)
	if q.exemplar {
		b.Exemplar(true)
	}
	if l.now {
		return b.Instant()
	}
	return b.Range()
}

// panelID is made from the title, so that the address of a panel stays the same
// while others come and go around it.
func panelID(title string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(title))
	return h.Sum32()%99_999 + 1
}

func datasourceRef() common.DataSourceRef {
	return common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
}
