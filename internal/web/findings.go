package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

// findings answers with the open findings. ?state=, ?mode=, ?team= and ?severity= select
// others.
func (s *server) findings(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	known, own, wrong := s.asked(query)
	if wrong != "" {
		fail(w, http.StatusBadRequest, wrong)
		return
	}
	var chosen []signal.Finding
	state, within := query.Get("state"), watch.HistoryFor
	if closed := query.Get("closed"); closed != "" {
		d, err := model.ParseDuration(closed)
		if err != nil || state != "" && state != "closed" {
			fail(w, http.StatusBadRequest, "closed="+closed+": write how long ago findings closed at most, such as closed=7d, without state")
			return
		}
		state, within = "closed", time.Duration(d)
	}
	switch state {
	case "", "open":
		chosen = known.Open
	case "closed":
		chosen = closedWithin(known.Closed, s.Now().Add(-within))
	case "all":
		chosen = slices.Concat(known.Open, known.Closed)
	default:
		fail(w, http.StatusBadRequest, "unknown state "+state+": use open, closed or all")
		return
	}
	only, wrong := filterOf(known, query)
	if wrong != "" {
		fail(w, http.StatusBadRequest, wrong)
		return
	}
	chosen = only.of(chosen)
	page, err := pageOf(chosen, query)
	if err != nil {
		fail(w, err.code, err.text)
		return
	}
	times := known.Recurrences(recurWithin, s.Now())
	answer := api.Findings{Verdict: verdictOf(known, s.Now()), Total: len(chosen), Next: page.next, Acknowledged: acknowledged(known)}
	if own {
		answer.Replica = &api.Replica{Member: s.Member, Targets: make([]string, len(known.Targets))}
		for i := range known.Targets {
			answer.Replica.Targets[i] = known.Targets[i].ID.String()
		}
	}
	stream(w, r, &answer, len(page.findings), func(i int) api.Finding { return s.finding(&page.findings[i], times) })
}

// one answers with one finding, open or recently closed. Alerts link to it.
func (s *server) one(w http.ResponseWriter, r *http.Request) {
	id, known := r.PathValue("id"), s.snapshot()
	if f := find(known, id); f != nil {
		respond(w, r, s.finding(f, known.Recurrences(recurWithin, s.Now())))
		return
	}
	fail(w, http.StatusNotFound, "no finding "+id+" is open or was recently closed")
}

func find(known *watch.Snapshot, id string) *signal.Finding {
	for _, findings := range [][]signal.Finding{known.Open, known.Closed} {
		if i := slices.IndexFunc(findings, func(f signal.Finding) bool { return f.ID == id }); i >= 0 {
			return &findings[i]
		}
	}
	return nil
}

// closedWithin returns the findings that closed since a moment; closed begins with the latest.
func closedWithin(closed []signal.Finding, since time.Time) []signal.Finding {
	for i := range closed {
		if closed[i].ClosedAt.Before(since) {
			return closed[:i]
		}
	}
	return closed
}

func (s *server) finding(f *signal.Finding, times func(*signal.Finding) int) api.Finding {
	ids := f.OrderIDs
	if ids == nil {
		ids = []string{}
	}
	return api.Finding{
		ID: f.ID, Mode: f.Mode, Severity: f.Severity, Summary: f.Summary,
		Subject: f.Subject.String(), Labels: f.Subject, CustomLabels: f.Labels, Amounts: f.AtStake.Amounts, AmountsOf: amountsOf(f), AtStake: phrase.Stake(f.AtStake), Target: f.Target.String(),
		OrderIDs: ids, Count: f.Count,
		Since: f.Since.UTC(), DetectedAt: f.DetectedAt.UTC(), ClosedAt: f.ClosedAt.UTC(), Unconfirmed: f.Unconfirmed, TimesIn7Days: times(f), CausedBy: f.CausedBy, Symptoms: f.Symptoms,
		Evidence: f.Evidence, URL: s.External.Finding(f.ID), RunbookURL: s.runbook(f.Mode), TraceID: f.TraceID,
	}
}

// amountsOf says which orders the amounts include; empty where there are none.
func amountsOf(f *signal.Finding) signal.Coverage {
	if len(f.AtStake.Amounts) == 0 {
		return ""
	}
	return f.AtStake.Coverage
}
