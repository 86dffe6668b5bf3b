package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/table"
)

// column is a field of a table.
type column struct {
	field, title string
	width        int // in pixels; 0: what is left
	unit         string
	mappings     []dashboard.ValueMapping
	links        []dashboard.DashboardLink
}

// list shows the latest values as a table with these columns and no other, the
// values of the queries joined by the labels that they have in common.
func list(columns ...column) visual {
	order, keep := map[string]int{}, make([]string, len(columns))
	b := table.NewPanelBuilder().
		ShowHeader(true).
		CellHeight(common.TableCellHeightSm).
		CellOptions(common.TableCellOptions{TableAutoCellOptions: common.NewTableAutoCellOptions()}).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Thresholds(thresholds(neutral, nil))
	for i, c := range columns {
		order[c.field], keep[i] = i, c.field
		b.OverrideByName(c.field, c.override())
	}
	b.WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}})
	b.WithTransformation(dashboard.DataTransformerConfig{Id: "filterFieldsByName", Options: map[string]any{
		"include": map[string]any{"names": keep},
	}})
	b.WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
		"excludeByName": map[string]any{}, "indexByName": order, "renameByName": map[string]any{},
	}})
	return visual{panel: b, format: prometheus.PromQueryFormatTable, instant: true}
}

func (c *column) override() []dashboard.DynamicConfigValue {
	// A cell that is empty beside others does not say why the whole table would be.
	set := []dashboard.DynamicConfigValue{{Id: "displayName", Value: c.title}, {Id: "noValue", Value: "–"}}
	if c.width > 0 {
		set = append(set, dashboard.DynamicConfigValue{Id: "custom.width", Value: c.width})
	}
	if c.unit != "" {
		set = append(set, dashboard.DynamicConfigValue{Id: "unit", Value: c.unit})
	}
	if len(c.mappings) > 0 {
		set = append(set,
			dashboard.DynamicConfigValue{Id: "mappings", Value: c.mappings},
			dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": "color-text"}})
	}
	if len(c.links) > 0 {
		set = append(set, dashboard.DynamicConfigValue{Id: "links", Value: c.links})
	}
	return set
}
