package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

const (
	green  = "green"
	yellow = "yellow"
	red    = "red"
	orange = "orange"
	grey   = "#808080"
)

// step is a value from which on a colour holds.
type step struct {
	from  float64
	color string
}

// number shows the latest value, green below the first step.
func number(steps ...step) look {
	return look{
		panel: stat.NewPanelBuilder().
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
			ColorMode(common.BigValueColorModeBackground).
			GraphMode(common.BigValueGraphModeNone).
			TextMode(common.BigValueTextModeValue).
			Orientation(common.VizOrientationAuto).
			ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
			Thresholds(thresholds(steps)),
		format: prometheus.PromQueryFormatTimeSeries,
		now:    true,
	}
}

// lines shows values over time; with a limit, from which on it is red.
func lines(steps ...step) look {
	b := timeseries.NewPanelBuilder().
		Legend(common.NewVizLegendOptionsBuilder().
			ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementBottom).
			Calcs([]string{"lastNotNull", "max"}).SortBy("Last *").SortDesc(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdPaletteClassicByName)).
		LineWidth(1).FillOpacity(5).ShowPoints(common.VisibilityModeNever).
		AxisSoftMin(0).AxisSoftMax(1).
		Thresholds(thresholds(steps))
	if len(steps) > 0 {
		b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	return look{panel: b, format: prometheus.PromQueryFormatTimeSeries}
}

// withFindings is lines with the number of open findings behind them, on an axis
// of its own.
func withFindings(steps ...step) look {
	l := lines(steps...)
	l.panel.(*timeseries.PanelBuilder).OverrideByName(openFindings, []dashboard.DynamicConfigValue{
		{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": red}},
		{Id: "custom.axisPlacement", Value: "right"},
		{Id: "custom.drawStyle", Value: "bars"},
		{Id: "custom.fillOpacity", Value: 30},
		{Id: "custom.lineWidth", Value: 0},
		{Id: "decimals", Value: 0},
		{Id: "unit", Value: "short"},
	})
	return l
}

// states shows since when a value has been something else than zero. The colours
// are those of the mappings: with thresholds, Grafana 12 would show ranges in
// place of the words.
func states(none, some string) look {
	return look{
		panel: statetimeline.NewPanelBuilder().
			MergeValues(true).
			ShowValue(common.VisibilityModeNever).
			RowHeight(0.8).
			LineWidth(0).
			FillOpacity(80).
			Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).DisplayMode(common.LegendDisplayModeHidden)).
			Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone)).
			ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(red)).
			Mappings([]dashboard.ValueMapping{exactly("0", none, green), from(1, some, red)}),
		format: prometheus.PromQueryFormatTimeSeries,
	}
}

// buckets shows how many there were of each size, over time.
func buckets(unit string) look {
	return look{
		panel: heatmap.NewPanelBuilder().
			Calculate(false). // they are buckets already
			RowsFrame(heatmap.NewRowsHeatmapOptionsBuilder().Layout(common.HeatmapCellLayoutAuto)).
			Color(heatmap.NewHeatmapColorOptionsBuilder().Mode(heatmap.HeatmapColorModeScheme).
											Scheme("Oranges").Fill("dark-orange").Scale(heatmap.HeatmapColorScaleExponential).Exponent(0.5).Steps(64)).
			FilterValues(heatmap.NewFilterValueRangeBuilder().Le(1e-9)). // no cell where there was none
			YAxis(heatmap.NewYAxisConfigBuilder().Unit(unit).AxisPlacement(common.AxisPlacementLeft)).
			Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle).YHistogram(true).ShowColorScale(true)).
			CellGap(1).
			ShowLegend().
			ExemplarsColor("rgba(255,0,255,0.7)"),
		format: prometheus.PromQueryFormatHeatmap,
	}
}

func thresholds(steps []step) *dashboard.ThresholdsConfigBuilder {
	all := []dashboard.Threshold{{Value: nil, Color: green}}
	for _, s := range steps {
		all = append(all, dashboard.Threshold{Value: &s.from, Color: s.color})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(all)
}

func exactly(value, text, color string) dashboard.ValueMapping {
	return dashboard.ValueMapping{ValueMap: &dashboard.ValueMap{
		Type:    dashboard.MappingTypeValueToText,
		Options: map[string]dashboard.ValueMappingResult{value: {Text: &text, Color: &color, Index: new(int32(0))}},
	}}
}

func from(value float64, text, color string) dashboard.ValueMapping {
	return dashboard.ValueMapping{RangeMap: &dashboard.RangeMap{
		Type:    dashboard.MappingTypeRangeToText,
		Options: dashboard.DashboardRangeMapOptions{From: &value, Result: dashboard.ValueMappingResult{Text: &text, Color: &color, Index: new(int32(1))}},
	}}
}

// nothing is what a number shows in place of a value that is not there: grey, and
// orange where it means that nobody knows.
func nothing(text string) dashboard.ValueMapping {
	color := grey
	if text == notScraped {
		color = orange
	}
	return dashboard.ValueMapping{SpecialValueMap: &dashboard.SpecialValueMap{
		Type: dashboard.MappingTypeSpecialValue,
		Options: dashboard.DashboardSpecialValueMapOptions{
			Match:  dashboard.SpecialValueMatchNullAndNan,
			Result: dashboard.ValueMappingResult{Text: &text, Color: &color, Index: new(int32(2))},
		},
	}}
}
