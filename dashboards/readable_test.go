package dashboards_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/dashboards"
)

// A tired engineer must be able to read a panel. Each rule was broken once.
var readability = []rule{
	{"alert marks are off, critical and thin", alertMarksAreQuiet},
	{"controls are few", controlsAreFew},
	{"a legend has room or is not there", legendsHaveRoom},
	{"colours are safe", coloursAreSafe},
	{"counts have separators and no fractions", countsAreWhole},
	{"tables fit 1280 pixels and each cell has one link", tablesFit},
	{"a heatmap has no points over it and waits in a collapsed row", heatmapsAreClear},
	{"timelines write their states, without a pager", timelinesAreWritten},
	{"isolated samples are points", isolatedSamplesShow},
	{"what was compared has limits", coverageHasLimits},
}

func TestPanelsAreReadable(t *testing.T) { check(t, readability) }

// options returns a part of a panel as it is in the file.
func options(t *testing.T, p *dashboard.Panel) (o struct {
	Options struct {
		Legend struct {
			ShowLegend                     bool
			DisplayMode, Placement, SortBy string
		}
		PerPage   *float64
		ShowValue string
	}
	FieldConfig struct {
		Defaults struct {
			Decimals *float64
			Custom   struct{ ShowPoints string }
		}
		Overrides []struct {
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
},
) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

var placeholders = regexp.MustCompile(`\{\{(\w+)\}\}`)

func alertMarksAreQuiet(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	about := map[string]string{} // the title of each graph by its id
	for _, p := range panels(d) {
		if p.Type == "timeseries" {
			about[fmt.Sprint(*p.Id)] = *p.Title
		}
	}
	if v := find(d, "alert_marks"); v == nil || v.Type != "custom" || *v.Current.Value.String != "0" || *v.Query.String != "off : 0, on : 1" {
		all = append(all, "no variable switches the alert marks, or it is on")
	}
	marked := 0
	for _, a := range d.Model.Annotations.List {
		if strings.HasPrefix(a.Name, "Alerts") {
			marked++
			if !strings.HasSuffix(*a.Expr, " and on () vector($alert_marks) == 1") || !a.Enable || !*a.Hide {
				all = append(all, a.Name+" are not switched by the variable alone")
			}
			if !strings.Contains(*a.Expr, `severity="critical"`) || a.UseValueForTime == nil || !*a.UseValueForTime {
				all = append(all, a.Name+" are not critical alone, or a region")
			}
			_, mode, single := strings.Cut(a.Name, ": ")
			if single && !strings.Contains(*a.Expr, `mode=~"`+mode+`"`) {
				all = append(all, a.Name+" are those of other modes too")
			}
			f := a.Filter
			if f == nil || f.Exclude == nil || *f.Exclude || len(f.Ids) == 0 {
				all = append(all, a.Name+" cover every panel")
				continue
			}
			for _, id := range f.Ids {
				if title := about[fmt.Sprint(id)]; title == "" || single && !strings.HasPrefix(title, mode+": ") {
					all = append(all, fmt.Sprintf("%s are on panel %d, %q", a.Name, id, title))
				}
			}
		}
		if a.Expr == nil {
			continue
		}
		if !strings.Contains(*a.Expr, `job=~"$job"`) {
			all = append(all, a.Name+" are those of every job")
		}
		// Grafana prints the name of a label that is missing.
		by, _, _ := strings.Cut((*a.Expr)[strings.Index(*a.Expr, "by (")+4:], ")")
		for _, text := range []string{*a.TitleFormat, *a.TextFormat} {
			for _, m := range placeholders.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(strings.Split(by, ", "), m[1]) {
					all = append(all, fmt.Sprintf("%s: %q names a label that it has not", a.Name, text))
				}
			}
		}
	}
	if marked == 0 {
		all = append(all, "no alert is marked")
	}
	return all
}

// coverageHasLimits: a number such as 5.10 Mil does not say whether it is good.
func coverageHasLimits(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	if d.File != "integrity.json" {
		return nil
	}
	const ofTheUsual = "Age of the last pass, of the usual time"
	limited := 0
	for _, p := range panels(d) {
		if p.GridPos.Y != 0 || p.Type != "stat" || *p.Title != "Coverage" && *p.Title != ofTheUsual {
			continue
		}
		limited++
		if len(p.FieldConfig.Defaults.Thresholds.Steps) < 2 {
			all = append(all, *p.Title+" has no limits")
		}
	}
	if limited != 2 {
		all = append(all, fmt.Sprintf("%d of coverage and age are in the first row", limited))
	}
	return all
}

func controlsAreFew(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	dropdowns := 0
	for _, l := range d.Model.Links {
		if l.Type == dashboard.DashboardLinkTypeDashboards {
			if !l.AsDropdown {
				all = append(all, "a link for each dashboard")
			}
			dropdowns++
		}
	}
	if dropdowns != 1 || len(d.Model.Links) > 3 {
		all = append(all, fmt.Sprintf("%d lists of dashboards, %d links", dropdowns, len(d.Model.Links)))
	}
	if v := find(d, "status_page"); v.Hide == nil || *v.Hide != dashboard.VariableHideHideVariable {
		all = append(all, "the status page has a control; --web.external-url says where it is")
	}
	if c := find(d, "datasource").Current; c == nil || *c.Value.String != "default" {
		all = append(all, "an import chooses the first data source by name")
	}
	shown := 0
	for _, a := range d.Model.Annotations.List {
		if a.Hide == nil || !*a.Hide {
			shown++
		}
	}
	if n := len(d.Model.Templating.List) + shown; n > 9 {
		all = append(all, fmt.Sprintf("%d controls", n))
	}
	return all
}

// TestDashboardsAreListedInOrder: Grafana lists them by title.
func TestDashboardsAreListedInOrder(t *testing.T) {
	var titles []string
	for _, d := range all(t) {
		titles = append(titles, strings.ToLower(*d.Model.Title))
	}
	if !slices.IsSorted(titles) || !strings.Contains(titles[len(titles)-1], "itself") {
		t.Errorf("the order is %q", titles)
	}
}

func legendsHaveRoom(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		l := options(t, p).Options.Legend
		if p.Type != "timeseries" || !l.ShowLegend {
			continue
		}
		const pixels, header, row = 38, 70, 26 // of a row of the grid, of title and head of the table, of a row of the table
		if rows := (int(p.GridPos.H)*pixels - header) / row; l.Placement != "right" || p.GridPos.W < columns/2 || rows < 4 || l.SortBy != "Max" {
			all = append(all, fmt.Sprintf("%s: a legend %+v of %d rows", *p.Title, l, rows))
		}
	}
	return all
}

// safe are colours that people with any colour vision can tell apart.
var safe = []string{"#009E73", "#F0E442", "#D55E00", "#E69F00", "#6B7280", "#0072B2", "#56B4E9", "#CC79A7", "rgba(255,0,255,0.7)"}

var colour = regexp.MustCompile(`"(?:color|fixedColor|iconColor|fill)": "([^"]+)"`)

func coloursAreSafe(t *testing.T, d *dashboards.Dashboard) (all []string) {
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "palette-classic-by-name") {
		all = append(all, "names are hashed to colours that look the same")
	}
	for _, m := range colour.FindAllStringSubmatch(string(text), -1) {
		if !slices.Contains(safe, m[1]) {
			all = append(all, "colour "+m[1])
		}
	}
	return all
}

// TestStatesDifferInEveryColourVision compares the colours of states as they look with
// each kind of colour blindness, by the matrices of Machado, Oliveira and Fernandes.
func TestStatesDifferInEveryColourVision(t *testing.T) {
	vision := map[string][3][3]float64{
		"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
	}
	states := map[string]string{"good": "#009E73", "bad": "#D55E00", "unknown": "#E69F00", "none": "#6B7280"}
	for name, matrix := range vision {
		for a, x := range states {
			for b, y := range states {
				if distance := apart(see(matrix, x), see(matrix, y)); a < b && distance < 0.1 {
					t.Errorf("%s: %s and %s are %.2f apart", name, a, b, distance)
				}
			}
		}
	}
}

func see(m [3][3]float64, hex string) (out [3]float64) {
	var linear [3]float64
	for i := range linear {
		v, _ := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		linear[i] = math.Pow(float64(v)/255, 2.2)
	}
	for i := range out {
		for j := range linear {
			out[i] += m[i][j] * linear[j]
		}
	}
	return out
}

func apart(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

func countsAreWhole(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		unit := *p.FieldConfig.Defaults.Unit
		if unit == "short" {
			all = append(all, *p.Title+": 1,760 is written 1.76 K")
		}
		if o := options(t, p); p.Type == "timeseries" && unit == "locale" && (o.FieldConfig.Defaults.Decimals == nil || *o.FieldConfig.Defaults.Decimals != 0) {
			all = append(all, *p.Title+": an axis of counts with fractions")
		}
	}
	return all
}

func tablesFit(t *testing.T, d *dashboards.Dashboard) (all []string) {
	const widest, least = 1280 - 40, 150 // of a screen, and of a column without a width
	for _, p := range panels(d) {
		if p.Type != "table" {
			continue
		}
		width := 0.0
		for _, o := range options(t, p).FieldConfig.Overrides {
			has := float64(least)
			for _, property := range o.Properties {
				switch property.ID {
				case "custom.width":
					has, _ = property.Value.(float64)
				case "links":
					if links, _ := property.Value.([]any); len(links) > 1 {
						all = append(all, *p.Title+": a cell with several links is a menu and does not look like a link")
					}
				}
			}
			width += has
		}
		if most := float64(widest*int(p.GridPos.W)) / columns; width > most {
			all = append(all, fmt.Sprintf("%s: its columns need %.0f of %.0f pixels", *p.Title, width, most))
		}
	}
	return all
}

func heatmapsAreClear(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range d.Model.Panels {
		if p.Panel != nil && p.Panel.Type == "heatmap" {
			all = append(all, *p.Panel.Title+`: empty, it says "No data"`)
		}
	}
	for _, p := range panels(d) {
		for _, q := range targets(t, p) {
			if p.Type == "heatmap" && (q.Exemplar != nil && *q.Exemplar || strings.Contains(*p.Description, "darker")) {
				all = append(all, *p.Title)
			}
		}
	}
	return all
}

func timelinesAreWritten(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if o := options(t, p).Options; p.Type == "state-timeline" && (o.ShowValue != "auto" || o.PerPage == nil || *o.PerPage != 0) {
			all = append(all, *p.Title)
		}
	}
	return all
}

func isolatedSamplesShow(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if p.Type == "timeseries" && options(t, p).FieldConfig.Defaults.Custom.ShowPoints == "never" {
			all = append(all, *p.Title)
		}
	}
	return all
}
