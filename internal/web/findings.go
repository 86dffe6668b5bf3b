package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

// findings answers with the open findings, or with those that ?state= asks for,
// of one mode if ?mode= asks for it.
func (s *server) findings(w http.ResponseWriter, r *http.Request) {
	known, query := s.snapshot(), r.URL.Query()
	var chosen []signal.Finding
	switch state := query.Get("state"); state {
	case "", "open":
		chosen = known.Open
	case "closed":
		chosen = known.Closed
	case "all":
		chosen = slices.Concat(known.Open, known.Closed)
	default:
		fail(w, http.StatusBadRequest, "unknown state "+state+": use open, closed or all")
		return
	}
	mode := signal.Mode(query.Get("mode"))
	// A mode that is spelt wrong must not look like one of which there is nothing.
	if mode != "" && !built(known, mode) {
		var modes []string
		for _, m := range slices.Sorted(maps.Keys(known.Counters.Findings)) {
			modes = append(modes, string(m))
		}
		fail(w, http.StatusBadRequest, "unknown mode "+string(mode)+": use one of "+strings.Join(modes, ", "))
		return
	}
	answer := api.Findings{Verdict: judge(known, s.Now()), Findings: []api.Finding{}}
	for i := range chosen {
		if mode == "" || chosen[i].Mode == mode {
			answer.Findings = append(answer.Findings, s.finding(&chosen[i]))
		}
	}
	respond(w, http.StatusOK, answer)
}

// one answers with one finding, open or closed lately: what the link in an alert
// leads to.
func (s *server) one(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if f := find(s.snapshot(), id); f != nil {
		respond(w, http.StatusOK, s.finding(f))
		return
	}
	fail(w, http.StatusNotFound, "no finding "+id+" is open or was closed lately")
}

func find(known *watch.Snapshot, id string) *signal.Finding {
	for _, findings := range [][]signal.Finding{known.Open, known.Closed} {
		if i := slices.IndexFunc(findings, func(f signal.Finding) bool { return f.ID == id }); i >= 0 {
			return &findings[i]
		}
	}
	return nil
}

func built(known *watch.Snapshot, mode signal.Mode) bool {
	if _, ok := known.Counters.Findings[mode]; ok {
		return true
	}
	of := func(f signal.Finding) bool { return f.Mode == mode }
	return slices.ContainsFunc(known.Open, of) || slices.ContainsFunc(known.Closed, of)
}

func (s *server) finding(f *signal.Finding) api.Finding {
	ids := f.OrderIDs
	if ids == nil {
		ids = []string{}
	}
	return api.Finding{
		ID: f.ID, Mode: f.Mode, Severity: f.Severity,
		Subject: f.Subject.String(), Labels: f.Subject, Target: f.Target.String(),
		OrderIDs: ids, Count: f.Count,
		Since: f.Since.UTC(), DetectedAt: f.DetectedAt.UTC(), ClosedAt: f.ClosedAt.UTC(),
		Evidence: f.Evidence, URL: s.External.Finding(f.ID), RunbookURL: s.runbook(f.Mode), TraceID: f.TraceID,
	}
}
