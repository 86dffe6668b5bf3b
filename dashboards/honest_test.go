package dashboards_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/dashboards"
)

// What a panel shows must be true on a bad day. Each rule is a lie that a panel once told.
var honesty = []rule{
	{"zero is a claim only while every target can be read", zeroIsAClaim},
	{"unknown has a word and a colour of its own", unknownIsShown},
	{"a timeline is never empty", timelinesAreNeverEmpty},
	{"each mode shows its own evidence", evidenceIsOwn},
	{"what is lost does not heal when the range is over", lossesDoNotHeal},
	{"jobs are told apart where several are chosen", jobsAreNamed},
	{"a link leads to the instance that has the finding", findingsLeadToTheirInstance},
}

func TestPanelsAreHonest(t *testing.T) { check(t, honesty) }

func check(t *testing.T, rules []rule) {
	t.Helper()
	for _, d := range all(t) {
		for _, r := range rules {
			t.Run(d.File+"/"+r.name, func(t *testing.T) {
				for _, complaint := range r.check(t, &d) {
					t.Error(complaint)
				}
			})
		}
	}
}

const blind = `(min by (job) (max by (job, collector, target) (lostorder_collector_up{job=~"$job"})) == 0)`

// ofItself are metrics that lostorder knows without reading a target.
var ofItself = []string{"lostorder_collector_up{", "lostorder_config_", "lostorder_observation_gaps_total", "lostorder_findings_unlisted", "lostorder_duplicate_subjects"}

func zeroIsAClaim(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		for _, q := range targets(t, p) {
			rest := strings.ReplaceAll(q.Expr, blind, "")
			own := slices.ContainsFunc(ofItself, func(name string) bool { return strings.Contains(rest, name) })
			if p.Type == "stat" && !own && !strings.Contains(q.Expr, blind+" - 1") {
				all = append(all, *p.Title+" shows a number while targets cannot be read")
			}
		}
	}
	return all
}

func unknownIsShown(_ *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		if p.Type != "stat" && p.Type != "state-timeline" {
			continue
		}
		is := slices.ContainsFunc(p.FieldConfig.Defaults.Mappings, func(m dashboard.ValueMapping) bool {
			return m.ValueMap != nil && strings.Contains(*first(m.ValueMap.Options).Text, "unknown") && m.ValueMap.Options["-1"].Text != nil
		})
		if !is && *p.Title != "Targets that cannot be read" {
			all = append(all, *p.Title)
		}
	}
	return all
}

func first(options map[string]dashboard.ValueMappingResult) dashboard.ValueMappingResult {
	for _, o := range options {
		return o
	}
	return dashboard.ValueMappingResult{Text: new("")}
}

// timelinesAreNeverEmpty: Grafana writes "Data does not have a time field" over an empty one.
func timelinesAreNeverEmpty(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		for _, q := range targets(t, p) {
			if p.Type == "state-timeline" && !strings.Contains(q.Expr, "or on () label_replace(vector(-1)") {
				all = append(all, *p.Title)
			}
		}
	}
	return all
}

func evidenceIsOwn(t *testing.T, d *dashboards.Dashboard) (all []string) {
	shown := map[string]string{}
	for _, p := range panels(d) {
		if !strings.Contains(*p.Title, "_") { // not of a mode
			continue
		}
		for _, q := range targets(t, p) {
			if strings.HasSuffix(*q.LegendFormat, "open findings") {
				continue
			}
			if other, is := shown[q.Expr]; is {
				all = append(all, *p.Title+" draws the same series as "+other)
			}
			shown[q.Expr] = *p.Title
		}
	}
	return all
}

func lossesDoNotHeal(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		for _, q := range targets(t, p) {
			if p.Type == "timeseries" && strings.Contains(q.Expr, "lost_messages_total") && strings.Contains(q.Expr, "$__range") {
				all = append(all, *p.Title)
			}
		}
	}
	return all
}

func jobsAreNamed(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		for _, q := range targets(t, p) {
			switch p.Type {
			case "heatmap", "table":
			default:
				if !strings.HasSuffix(q.Expr, `, "several", "$1", "job", "$job")`) || !strings.HasPrefix(*q.LegendFormat, "{{several}} ") {
					all = append(all, *p.Title)
				}
			}
		}
	}
	return all
}

func findingsLeadToTheirInstance(t *testing.T, d *dashboards.Dashboard) (all []string) {
	for _, p := range panels(d) {
		for _, q := range targets(t, p) {
			if p.Type == "table" && strings.Contains(q.Expr, "lostorder_finding_since") &&
				(!strings.Contains(q.Expr, `"url", "http://$1", "instance"`) || !strings.Contains(q.Expr, `"url", "$1", "external_url"`)) {
				all = append(all, *p.Title)
			}
		}
	}
	return all
}
