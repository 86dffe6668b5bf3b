//go:build integration

package dashboards_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/dashboards"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

// ofTeams is a snapshot with findings of two teams, and one without a team.
func ofTeams(now time.Time) *watch.Snapshot {
	shop := signal.TargetID{Collector: "orders", Target: "shop"}
	finding := func(id, team, state string, severity signal.Severity, count int64, euros signal.Decimal) signal.Finding {
		f := signal.Finding{
			ID: id, Mode: signal.OrderOverdue, Severity: severity, Count: count, Target: shop, Since: now.Add(-time.Hour), DetectedAt: now.Add(-time.Hour),
			Subject: signal.Subject{Database: "shop", Lifecycle: "order", State: state},
			AtStake: signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: euros, Orders: count}}, Coverage: signal.CoversAll},
		}
		if team != "" {
			f.Labels = signal.Labels{"team": team}
		}
		return f
	}
	return &watch.Snapshot{
		Version: 1, Ready: true,
		Targets: []watch.Target{{ID: shop, Interval: time.Minute, Up: true, Attempt: now, Success: now, Reading: &signal.Report{At: now}}},
		Open: []signal.Finding{
			finding("aaaaaa", "payments", "placed", signal.Critical, 3, "30.5"),
			finding("bbbbbb", "payments", "paid", signal.Warning, 1, "1"),
			finding("cccccc", "shipping", "packed", signal.Critical, 5, "500"),
			finding("dddddd", "", "sent", signal.Critical, 7, "7"),
		},
	}
}

func TestRealFindingsAreNarrowedToATeam(t *testing.T) {
	now := time.Now()
	e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot { return ofTeams(now) }})
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	p := startPrometheus(t, "exemplar-storage", strings.TrimPrefix(server.URL, "http://"))
	p.waitFor(`count_over_time(up{job="lostorder"}[1m]) > 5`)
	dashes := all(t)
	first := dashes[slices.IndexFunc(dashes, func(d dashboards.Dashboard) bool { return d.File == "losing-orders.json" })]

	team := find(&first, "team")
	if team == nil {
		t.Fatal("no variable chooses a team")
	}
	var names []string
	for _, s := range p.at(t, choice{"job": "lostorder"}.expand(resultQuery.FindStringSubmatch(*team.Query.String)[1], time.Minute), time.Now()) {
		names = append(names, s.Metric["team"])
	}
	if slices.Sort(names); !slices.Equal(names, []string{"payments", "shipping"}) {
		t.Errorf("the teams to choose from are %q", names)
	}
	for chosen, want := range map[string]map[string]float64{
		*team.AllValue:        {"Lost now": 3, "Affected": 15, "At stake": 537.5, "Warnings": 1, "What is being lost, since when": 4},
		"payments":            {"Lost now": 1, "Affected": 3, "At stake": 30.5, "Warnings": 1, "What is being lost, since when": 2},
		"(payments|shipping)": {"Lost now": 2, "Affected": 8, "At stake": 530.5, "Warnings": 1, "What is being lost, since when": 3},
		"unheard":             {"Lost now": 0, "Affected": 0, "Warnings": 0},
	} {
		for _, panel := range panels(&first) {
			number, checked := want[*panel.Title]
			if !checked {
				continue
			}
			q := targets(t, panel)[0]
			series := p.at(t, choice{"job": "lostorder", "team": chosen}.expand(q.Expr, time.Minute), time.Now())
			got := float64(len(series))
			if panel.Type == "stat" {
				got = -1
				for _, s := range series {
					got = s.last()
				}
			}
			if got != number {
				t.Errorf("team %s: %q shows %v, want %v:\n%s", chosen, *panel.Title, got, number, q.Expr)
			}
			if panel.Type == "table" && chosen == "payments" && series[0].Metric["team"] != "payments" {
				t.Errorf("the table does not name the team: %v", series[0].Metric)
			}
		}
	}
}
