package web

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// filter selects findings. An empty field selects all.
type filter struct {
	mode     signal.Mode
	team     string
	severity signal.Severity
}

// severities are all that a finding can have, the most severe first.
var severities = []signal.Severity{signal.Critical, signal.Warning, signal.Info}

// filterOf reads ?mode=, ?team= and ?severity=. wrong says why the answer would be empty
// for a reason that is not the shop's: a misspelt name must not look like one without
// findings.
func filterOf(known *watch.Snapshot, query url.Values) (only filter, wrong string) {
	only = filter{signal.Mode(query.Get("mode")), query.Get("team"), signal.Severity(query.Get("severity"))}
	switch {
	case only.mode != "" && !built(known, only.mode):
		return only, "unknown mode " + string(only.mode) + ": use one of " + listed(slices.Sorted(maps.Keys(known.Counters.Findings)))
	case only.severity != "" && !slices.Contains(severities, only.severity):
		return only, "unknown severity " + string(only.severity) + ": use one of " + listed(severities)
	case only.team != "":
		if teams := teamsOf(known); len(teams) == 0 {
			return only, "no target has the label team: set labels in the config"
		} else if !slices.Contains(teams, only.team) {
			return only, "unknown team " + only.team + ": use one of " + listed(teams)
		}
	}
	return only, ""
}

func listed[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i := range all {
		texts[i] = string(all[i])
	}
	return strings.Join(texts, ", ")
}

// of returns the findings that the filter selects.
func (only filter) of(findings []signal.Finding) []signal.Finding {
	if only == (filter{}) {
		return findings
	}
	return slices.DeleteFunc(slices.Clone(findings), func(f signal.Finding) bool { return !only.selects(&f) })
}

func (only filter) selects(f *signal.Finding) bool {
	return (only.mode == "" || f.Mode == only.mode) &&
		(only.team == "" || f.Labels[signal.TeamLabel] == only.team) &&
		(only.severity == "" || f.Severity == only.severity)
}

// teamsOf returns the teams of the config and of the findings, in order.
func teamsOf(known *watch.Snapshot) []string {
	teams := map[string]bool{}
	for i := range known.Targets {
		t := &known.Targets[i]
		teams[t.Labels[signal.TeamLabel]] = true
		for _, labels := range t.QueueLabels {
			teams[labels[signal.TeamLabel]] = true
		}
	}
	for _, findings := range [][]signal.Finding{known.Open, known.Closed} {
		for i := range findings {
			teams[findings[i].Labels[signal.TeamLabel]] = true
		}
	}
	delete(teams, "")
	return slices.Sorted(maps.Keys(teams))
}

func built(known *watch.Snapshot, mode signal.Mode) bool {
	if _, ok := known.Counters.Findings[mode]; ok {
		return true
	}
	of := func(f signal.Finding) bool { return f.Mode == mode }
	return slices.ContainsFunc(known.Open, of) || slices.ContainsFunc(known.Closed, of)
}

// query is the filter as a query of a URL, with its question mark; empty for all.
func (only filter) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"mode": string(only.mode), "team": only.team, "severity": string(only.severity)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// filterLink leads from the page to the findings of one team, or of one severity.
type filterLink struct {
	Text   string
	Link   string
	Chosen bool
	Open   int // findings
}

// fewFindings need no filter.
const fewFindings = 5

// filterLinks returns the links of the page: to each severity and each team. The link of
// what is chosen leads back.
func filterLinks(known *watch.Snapshot, only filter) (links []filterLink) {
	teams := teamsOf(known)
	if only == (filter{}) && (len(known.Open) == 0 || len(teams) == 0 && len(known.Open) < fewFindings) {
		return nil
	}
	add := func(text string, chosen bool, with, without filter) {
		to := with
		if chosen {
			to = without
		}
		links = append(links, filterLink{Text: text, Link: "./" + to.query(), Chosen: chosen, Open: len(with.of(known.Open))})
	}
	for _, severity := range severities {
		with, without := only, only
		with.severity, without.severity = severity, ""
		add(string(severity), severity == only.severity, with, without)
	}
	for _, team := range teams {
		with, without := only, only
		with.team, without.team = team, ""
		add("team "+team, team == only.team, with, without)
	}
	return links
}
