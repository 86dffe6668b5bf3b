package dashboards_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"

	"github.com/lostorder/lostorder/dashboards"
	"github.com/lostorder/lostorder/internal/web"
)

func TestMain(m *testing.M) {
	plugins.RegisterDefaultPlugins() // the SDK decodes panels of the types that it knows
	os.Exit(m.Run())
}

// panels returns the panels of a dashboard, also those of collapsed rows, without the titles of rows.
func panels(d *dashboards.Dashboard) []*dashboard.Panel {
	var all []*dashboard.Panel
	for i := range d.Model.Panels {
		if p := d.Model.Panels[i].Panel; p != nil {
			all = append(all, p)
		}
		if row := d.Model.Panels[i].RowPanel; row != nil {
			for j := range row.Panels {
				all = append(all, &row.Panels[j])
			}
		}
	}
	return all
}

// targets returns the queries of a panel.
func targets(t *testing.T, p *dashboard.Panel) []prometheus.Dataquery {
	t.Helper()
	var all []prometheus.Dataquery
	for _, target := range p.Targets {
		q, ok := target.(prometheus.Dataquery)
		if !ok {
			t.Fatalf("%q: a query that is not for Prometheus: %T", *p.Title, target)
		}
		all = append(all, q)
	}
	return all
}

// TestFilesAreWhatGrafanaKnows decodes each file with all that the SDK knows of
// Grafana's model: an unknown or missing field or a wrong type is an error.
func TestFilesAreWhatGrafanaKnows(t *testing.T) {
	for _, d := range all(t) {
		t.Run(d.File, func(t *testing.T) {
			text, err := os.ReadFile(d.File)
			if err != nil {
				t.Fatal(err)
			}
			if err := decodeStrictly(text); err != nil {
				t.Error(err)
			}
			if err := d.Model.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStrictDecodingIsStrict: it would be no test if it let these through.
func TestStrictDecodingIsStrict(t *testing.T) {
	d := all(t)[0]
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown field of a dashboard": {`"schemaVersion"`, `"schemaVersoin": 42, "schemaVersion"`},
		"an unknown field of a panel":     {`"gridPos"`, `"gridPosition": {}, "gridPos"`},
		"an unknown option of a panel":    {`"graphMode"`, `"graphModus": "none", "graphMode"`},
		"a number for a title":            {`"title": "Warnings"`, `"title": 7`},
		"a missing option of a panel":     {`"colorMode": "background",`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(string(text), change[0], change[1], 1)
			if broken == string(text) {
				t.Fatalf("%s is not there", change[0])
			}
			if decodeStrictly([]byte(broken)) == nil {
				t.Error("it is let through")
			}
		})
	}
}

// decodeStrictly returns what is wrong with a file. The SDK's decoder returns an
// empty list of errors where others return nil.
func decodeStrictly(text []byte) error {
	var model dashboard.Dashboard
	err := model.UnmarshalJSONStrict(text)
	if list, ok := errors.AsType[cog.BuildErrors](err); ok && len(list) == 0 {
		return nil
	}
	return err
}

// TestFilesSurviveARoundTrip decodes each file as Grafana's tools do and encodes
// it again: nothing may get lost on the way.
func TestFilesSurviveARoundTrip(t *testing.T) {
	for _, d := range all(t) {
		t.Run(d.File, func(t *testing.T) {
			text, err := os.ReadFile(d.File)
			if err != nil {
				t.Fatal(err)
			}
			again := dashboards.Dashboard{File: d.File}
			if err := json.Unmarshal(text, &again.Model); err != nil {
				t.Fatal(err)
			}
			encoded, err := again.JSON()
			if err != nil {
				t.Fatal(err)
			}
			if want, got := anything(t, text), anything(t, encoded); !reflect.DeepEqual(got, want) {
				t.Errorf("decoded and encoded again it is\n%s", encoded)
			}
		})
	}
}

func anything(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAddressesAreUniqueAndReadable(t *testing.T) {
	readable := regexp.MustCompile(`^lostorder-[a-z-]{3,30}$`) // Grafana takes 40 characters
	uids := map[string]bool{}
	for _, d := range all(t) {
		uid := *d.Model.Uid
		if !readable.MatchString(uid) || uid != "lostorder-"+strings.TrimSuffix(d.File, ".json") {
			t.Errorf("%s: uid %q", d.File, uid)
		}
		if uids[uid] {
			t.Errorf("uid %q is there twice", uid)
		}
		uids[uid] = true

		titles := map[uint32]string{}
		for _, p := range d.Model.Panels {
			_, title := place(p)
			id := uint32(0)
			if p.RowPanel != nil {
				id = p.RowPanel.Id
			} else if p.Panel.Id != nil {
				id = *p.Panel.Id
			}
			if p.RowPanel != nil {
				for _, inside := range p.RowPanel.Panels {
					titles[*inside.Id] = *inside.Title
				}
			}
			if other, taken := titles[id]; taken || id == 0 {
				t.Errorf("%s: panels %q and %q have the id %d; change one of the titles", d.File, title, other, id)
			}
			titles[id] = title
		}
	}
}

// TestLinksLeadSomewhere demands links that keep time and variables, that no menu
// hides, and whose dashboards exist.
func TestLinksLeadSomewhere(t *testing.T) {
	uids := map[string]bool{}
	for _, d := range all(t) {
		uids[*d.Model.Uid] = true
	}
	toDashboard := regexp.MustCompile(`^/d/([^/?]+)\?\$\{__url_time_range\}&\$\{__all_variables\}$`)
	followed := 0
	for _, d := range all(t) {
		others := 0
		for _, l := range d.Model.Links {
			if l.Placement != nil {
				t.Errorf("%s: link %q is hidden in a menu", d.File, l.Title)
			}
			if l.Type == dashboard.DashboardLinkTypeDashboards && l.KeepTime && l.IncludeVars && slices.Equal(l.Tags, d.Model.Tags) {
				others++
			}
		}
		if others != 1 {
			t.Errorf("%s: %d links to the other dashboards that keep time and variables", d.File, others)
		}
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range urls(anything(t, text)) {
			followed++
			switch m := toDashboard.FindStringSubmatch(url); {
			case m != nil:
				if !uids[m[1]] {
					t.Errorf("%s: no dashboard has the uid of %s", d.File, url)
				}
			case strings.HasPrefix(url, "${status_page:raw}/"), url == web.DefaultRunbookBase, url == "${__value.raw:raw}": // a whole address
			case strings.HasPrefix(url, web.DefaultRunbookBase):
				// The page of a mode that only the data names is there: see the completeness test.
				runbook := strings.TrimPrefix(url, web.DefaultRunbookBase)
				if _, err := os.Stat("../alerts/runbooks/" + runbook); err != nil && !strings.Contains(runbook, "${") {
					t.Errorf("%s: %v", d.File, err)
				}
			default:
				t.Errorf("%s: a link that is neither to a dashboard with time and variables, nor to the status page, nor to a runbook: %s", d.File, url)
			}
		}
	}
	if followed == 0 {
		t.Error("there is no link")
	}
}

// urls returns all links in a decoded file.
func urls(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if url, ok := v[key].(string); ok && key == "url" {
				all = append(all, url)
			} else {
				all = append(all, urls(v[key])...)
			}
		}
	case []any:
		for _, e := range v {
			all = append(all, urls(e)...)
		}
	}
	return all
}

func TestAnnotationsShowAlertsAndDeploys(t *testing.T) {
	for _, d := range all(t) {
		names := map[string]bool{}
		for _, a := range d.Model.Annotations.List {
			name, _, _ := strings.Cut(a.Name, ": ")
			names[name] = a.Enable
			// The variable "Alert marks" is the switch of all alerts.
			if a.Placement != nil || name != "Alerts" && a.Hide != nil && *a.Hide {
				t.Errorf("%s: the switch of annotation %q is hidden", d.File, a.Name)
			}
			if a.Expr != nil {
				checkPromQL(t, d.File+": annotation "+a.Name, *a.Expr)
			}
		}
		for _, name := range []string{"Alerts", "Deploys", "Restarts"} {
			if _, is := names[name]; !is {
				t.Errorf("%s: no annotation %q", d.File, name)
			}
		}
	}
}
