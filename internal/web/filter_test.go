package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

// teams is troubled with owners: one finding of payments, one of shipping, one of no team. A
// target that cannot be read belongs to stock.
func teams() *watch.Snapshot {
	s := troubled()
	s.Open[0].Labels = signal.Labels{"team": "payments", "tier": "1"}
	s.Open[1].Labels = signal.Labels{"team": "shipping"}
	s.Targets[0].QueueLabels = []signal.Labels{{"team": "stock"}}
	return s
}

func TestFindingsAreChosenByTeamAndSeverity(t *testing.T) {
	for query, want := range map[string]string{
		"?team=payments":                   "a1b2c3",
		"?team=shipping":                   "d4e5f6",
		"?team=stock":                      "",
		"?team=payments&severity=critical": "a1b2c3",
		"?team=payments&severity=info":     "",
		"?severity=critical":               "a1b2c3 d4e5f6",
		"?severity=warning":                "778899",
		"?team=payment":                    "error: unknown team payment: use one of payments, shipping, stock",
		"?severity=fatal":                  "error: unknown severity fatal: use one of critical, warning, info",
	} {
		_, body := do(t, handler(teams()), http.MethodGet, "/api/v1/findings"+query)
		var answer struct {
			api.Findings
			api.Problem
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range answer.Findings.Findings {
			got = append(got, f.ID)
		}
		if answer.Detail != "" {
			got = []string{"error: " + answer.Detail}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if _, body := do(t, handler(troubled()), http.MethodGet, "/api/v1/findings?team=payments"); !strings.Contains(body, "no target has the label team: set labels in the config") {
		t.Errorf("without labels in the config a team is not refused: %s", body)
	}
}

func TestAFindingShowsItsLabels(t *testing.T) {
	if _, body := do(t, handler(teams()), http.MethodGet, "/api/v1/findings/a1b2c3"); !strings.Contains(body, `"custom_labels": {
    "team": "payments",
    "tier": "1"
  }`) {
		t.Errorf("the API does not show them:\n%s", body)
	}
	if _, body := do(t, handler(teams()), http.MethodGet, "/findings/a1b2c3"); !strings.Contains(body, `<span class="since">team payments, tier 1</span>`) {
		t.Errorf("the page does not show them:\n%s", body)
	}
}

func TestThePageShowsTheFindingsOfOneTeam(t *testing.T) {
	_, body := do(t, handler(teams()), http.MethodGet, "/?team=payments")
	for text, want := range map[string]bool{
		`id="a1b2c3"`: true, `id="d4e5f6"`: false, `id="778899"`: false,
		`<a href="./" class="chosen" aria-current="true">team payments <span>1</span></a>`: true,
		`<a href="./?team=shipping">team shipping <span>1</span></a>`:                      true,
		`<a href="./?severity=critical&amp;team=payments">critical <span>1</span></a>`:     true,
	} {
		if strings.Contains(body, text) != want {
			t.Errorf("%s is on the page: %v, want %v", text, !want, want)
		}
	}
	if _, body := do(t, handler(teams()), http.MethodGet, "/?team=stock"); !strings.Contains(body, "None of the open findings is selected") {
		t.Error("an empty selection looks like a shop without findings")
	}
	if res, _ := do(t, handler(teams()), http.MethodGet, "/?team=nobody"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a team that is not in the config: %s", res.Status)
	}
	if _, body := do(t, handler(troubled()), http.MethodGet, "/"); strings.Contains(body, `class="filters"`) {
		t.Error("a few findings without teams have filters")
	}
}

func TestAFindingShowsHowMuchMoneyIsAtStake(t *testing.T) {
	s := troubled()
	s.Open[0].AtStake = signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "18240.5", Orders: 132}}, Coverage: signal.CoversAll}
	if _, body := do(t, handler(s), http.MethodGet, "/api/v1/findings/a1b2c3"); !strings.Contains(body, `"amounts": [
    {
      "currency": "EUR",
      "amount": "18240.5",
      "orders": 132
    }
  ],
  "amounts_of": "all",
  "at_stake": "€ 18,240.50 in 132 orders"`) {
		t.Errorf("the API does not show it:\n%s", body)
	}
	if _, body := do(t, handler(s), http.MethodGet, "/"); !strings.Contains(body, `<span class="since money">€ 18,240.50 in 132 orders</span>`) {
		t.Error("the page does not show it")
	}
}
