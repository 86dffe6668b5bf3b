package web

import (
	"net/http"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

// targets answers with the state of every target.
func (s *server) targets(w http.ResponseWriter, r *http.Request) {
	known, _, wrong := s.asked(r.URL.Query())
	if wrong != "" {
		fail(w, http.StatusBadRequest, wrong)
		return
	}
	now := s.Now()
	answer := api.Targets{Ready: known.Ready, Targets: make([]api.Target, len(known.Targets))}
	for i := range known.Targets {
		t := &known.Targets[i]
		if t.Elsewhere != nil {
			answer.Targets[i] = elsewhereOf(t)
			continue
		}
		answer.Targets[i] = target(t, now)
		answer.Targets[i].Owner = s.Member
	}
	respond(w, r, answer)
}

// elsewhereOf is a target that another replica reads, as that replica answered.
func elsewhereOf(t *watch.Target) api.Target {
	answer := api.Target{Collector: t.ID.Collector, Target: t.ID.Target, Stale: true, Warnings: []string{}, Roles: []phrase.QueueRole{}}
	e := t.Elsewhere
	switch {
	case e.Answer != nil:
		answer = *e.Answer
	case e.Member == "":
		answer.Error = "no replica reads it"
	default:
		answer.Error = "the replica that reads it does not answer this one"
	}
	answer.Owner, answer.OwnerURL = e.Member, e.URL
	return answer
}

// mostRoles bounds the roles of queues that the answer has for each target.
const mostRoles = 1000

func target(t *watch.Target, now time.Time) api.Target {
	answer := api.Target{
		Collector: t.ID.Collector, Target: t.ID.Target, Up: t.Up,
		LastAttempt: t.Attempt.UTC(), LastSuccess: t.Success.UTC(),
		DurationSeconds: t.Took.Seconds(), IntervalSeconds: t.Interval.Seconds(),
		Stale: t.Stale(now), Warnings: []string{}, Roles: []phrase.QueueRole{},
	}
	if t.Err != nil {
		answer.Error = t.Err.Error()
	}
	if r := t.Reading; r != nil {
		age := max(0, now.Sub(r.At).Seconds())
		answer.ReadingAgeSeconds = &age
		answer.Warnings = append(answer.Warnings, r.Warnings...)
		answer.Roles = phrase.Roles(r)
		answer.Roles = answer.Roles[:min(len(answer.Roles), mostRoles)]
		answer.Readings = api.Readings{
			Queues: len(r.Queues), DeadLetterQueues: len(r.DeadLetters), Outboxes: len(r.Outboxes), Lifecycles: len(r.Lifecycles),
			Reconciliations: len(r.Reconciliations),
		}
	}
	return answer
}
