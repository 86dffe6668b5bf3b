package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

// order answers with the trail of one order. It is the only answer that asks what is
// watched.
func (s *server) order(w http.ResponseWriter, r *http.Request) {
	answer, err := s.lookUp(r.Context(), r.PathValue("id"))
	if err != nil {
		if errors.Is(err, explain.ErrTooMany) {
			w.Header().Set("Retry-After", "1")
		}
		fail(w, lookUpStatus(err), err.Error())
		return
	}
	respond(w, r, answer)
}

// lookUp looks up an order and adds the findings that name it.
func (s *server) lookUp(ctx context.Context, id string) (*api.Order, error) {
	answer, err := s.Explainer().Order(ctx, id)
	if err != nil {
		return nil, err
	}
	answer.Findings = []api.Finding{}
	known := s.snapshot()
	times := known.Recurrences(recurWithin, s.Now())
	for _, f := range naming(known, answer.ID) {
		answer.Findings = append(answer.Findings, s.finding(f, times))
	}
	return answer, nil
}

// naming returns the findings, open ones first, that name an order as it is shown.
func naming(known *watch.Snapshot, shown string) (all []*signal.Finding) {
	for _, findings := range [][]signal.Finding{known.Open, known.Closed} {
		for i := range findings {
			if slices.Contains(findings[i].OrderIDs, shown) {
				all = append(all, &findings[i])
			}
		}
	}
	return all
}

// lookUpStatus is the status of a look-up that asked nothing.
func lookUpStatus(err error) int {
	switch {
	case errors.Is(err, explain.ErrTooMany):
		return http.StatusTooManyRequests
	case errors.Is(err, explain.ErrBadID):
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}
