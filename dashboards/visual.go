package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The colours are Okabe and Ito's, which people with any colour vision can tell apart.
// No state is shown by its colour alone: it is also written as text.
const (
	good    = "#009E73"
	warn    = "#F0E442"
	bad     = "#D55E00"
	unknown = "#E69F00"
	neutral = "#6B7280" // nothing to report
	blue    = "#0072B2"
	sky     = "#56B4E9"
	pink    = "#CC79A7"
)

// unitCount writes counts with separators, "1,760", and not as "1.76 K".
const unitCount = "locale"

// notRead is the value of what depends on a target that cannot be read.
const notRead = "-1"

// step is a value from which on a colour holds.
type step struct {
	from  float64
	color string
}

// visual is how a panel shows its series.
type visual struct {
	panel   cog.Builder[dashboard.Panel]
	format  prometheus.PromQueryFormat
	instant bool // only the latest value is queried
}

// number shows the latest value: good below the first step, or neutral where there is
// no step, and in words where it is not known.
func number(steps ...step) visual {
	if len(steps) == 0 {
		return numberOn(neutral)
	}
	return numberOn(good, steps...)
}

// numberOn is number with the colour below the first step.
func numberOn(base string, steps ...step) visual {
	return visual{
		panel: stat.NewPanelBuilder().
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
			ColorMode(common.BigValueColorModeBackground).
			GraphMode(common.BigValueGraphModeNone).
			// The name is there where several jobs are chosen.
			TextMode(common.BigValueTextModeAuto).
			Orientation(common.VizOrientationAuto).
			Mappings([]dashboard.ValueMapping{exactly(notRead, "unknown", unknown)}).
			ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
			Thresholds(thresholds(base, steps)),
		format:  prometheus.PromQueryFormatTimeSeries,
		instant: true,
	}
}

// names shows the names of series in place of their values.
func names(mappings ...dashboard.ValueMapping) visual {
	v := named(number())
	v.panel = v.panel.(*stat.PanelBuilder).Mappings(mappings)
	return v
}

// named is a number whose text is the name of the series. The value decides the colour.
func named(v visual) visual {
	v.panel = v.panel.(*stat.PanelBuilder).TextMode(common.BigValueTextModeName)
	return v
}

// lines shows values over time; with a limit, from which on it is bad. The page decides
// whether there is room for a legend.
func lines(steps ...step) visual {
	b := timeseries.NewPanelBuilder().
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdPaletteClassic)).
		// A series of one sample is a point, and not nothing.
		LineWidth(2).FillOpacity(5).ShowPoints(common.VisibilityModeAuto).
		AxisSoftMin(0).
		Thresholds(thresholds(good, steps))
	if len(steps) > 0 {
		b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	return visual{panel: b, format: prometheus.PromQueryFormatTimeSeries}
}

// logarithmic is lines in which seconds and weeks can be read beside each other.
func logarithmic() visual {
	v := lines()
	v.panel.(*timeseries.PanelBuilder).ScaleDistribution(common.NewScaleDistributionConfigBuilder().Type(common.ScaleDistributionLog).Log(10))
	return v
}

// bars shows how often something happened in each step of the graph.
func bars() visual {
	v := lines()
	v.panel.(*timeseries.PanelBuilder).DrawStyle(common.GraphDrawStyleBars).FillOpacity(80).LineWidth(1)
	return v
}

// withColors is a visual in which series of known names have colours of their own.
func (v visual) withColors(colors map[string]string, order ...string) visual {
	for _, name := range order {
		v.panel.(*timeseries.PanelBuilder).OverrideByRegexp("/"+name+"$/", []dashboard.DynamicConfigValue{
			{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": colors[name]}},
		})
	}
	return v
}

// withFindings is a visual whose query of the open findings is a stepped area on an axis
// of its own.
func (v visual) withFindings(refID string) visual {
	v.panel.(*timeseries.PanelBuilder).OverrideByQuery(refID, []dashboard.DynamicConfigValue{
		{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": bad}},
		{Id: "custom.axisPlacement", Value: "right"},
		{Id: "custom.lineInterpolation", Value: "stepAfter"},
		{Id: "custom.fillOpacity", Value: 25},
		{Id: "custom.lineWidth", Value: 1},
		{Id: "custom.axisSoftMax", Value: 4},
		{Id: "decimals", Value: 0},
		{Id: "unit", Value: unitCount},
	})
	return v
}

// states shows since when a value has been something else than zero, in words. The
// colours are those of the mappings: with thresholds, Grafana 12 would show ranges in
// place of the words.
func states(none, some string) visual {
	return visual{
		panel: statetimeline.NewPanelBuilder().
			MergeValues(true).
			ShowValue(common.VisibilityModeAuto).
			PerPage(0). // all rows, without a pager
			RowHeight(0.85).
			LineWidth(0).
			FillOpacity(85).
			Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).DisplayMode(common.LegendDisplayModeHidden)).
			Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone)).
			ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(unknown)).
			Mappings([]dashboard.ValueMapping{exactly("0", none, neutral), from(1, some, bad), exactly(notRead, "unknown", unknown)}),
		format: prometheus.PromQueryFormatTimeSeries,
	}
}

// buckets shows how many there were of each size, over time.
func buckets(unit string) visual {
	return visual{
		panel: heatmap.NewPanelBuilder().
			Calculate(false). // they are buckets already
			RowsFrame(heatmap.NewRowsHeatmapOptionsBuilder().Layout(common.HeatmapCellLayoutAuto)).
			Color(heatmap.NewHeatmapColorOptionsBuilder().Mode(heatmap.HeatmapColorModeScheme).
											Scheme("Viridis").Fill(unknown).Scale(heatmap.HeatmapColorScaleExponential).Exponent(0.5).Steps(64)).
			FilterValues(heatmap.NewFilterValueRangeBuilder().Le(1e-9)). // no cell where there was none
			YAxis(heatmap.NewYAxisConfigBuilder().Unit(unit).AxisPlacement(common.AxisPlacementLeft)).
			Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle).YHistogram(true).ShowColorScale(true)).
			CellGap(1).
			ShowLegend(),
		format: prometheus.PromQueryFormatHeatmap,
	}
}

func thresholds(base string, steps []step) *dashboard.ThresholdsConfigBuilder {
	all := []dashboard.Threshold{{Value: nil, Color: base}}
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

// always maps every text to another.
func always(text string) dashboard.ValueMapping {
	return dashboard.ValueMapping{RegexMap: &dashboard.RegexMap{
		Type:    dashboard.MappingTypeRegexToText,
		Options: dashboard.DashboardRegexMapOptions{Pattern: ".+", Result: dashboard.ValueMappingResult{Text: &text, Index: new(int32(0))}},
	}}
}

// nothing is what a number shows in place of a value that is not there.
func nothing(text string) dashboard.ValueMapping {
	color := neutral
	if text == notScraped {
		color = unknown
	}
	return dashboard.ValueMapping{SpecialValueMap: &dashboard.SpecialValueMap{
		Type: dashboard.MappingTypeSpecialValue,
		Options: dashboard.DashboardSpecialValueMapOptions{
			Match:  dashboard.SpecialValueMatchNullAndNan,
			Result: dashboard.ValueMappingResult{Text: &text, Color: &color, Index: new(int32(2))},
		},
	}}
}
