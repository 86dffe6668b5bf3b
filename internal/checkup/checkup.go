// Package checkup turns one reading of each target into what an operator needs for the
// setup: what can be read, what fails, and what to do.
package checkup

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
)

// Result is the result of checking a config file.
type Result struct {
	File    string   `json:"file"`
	OK      bool     `json:"ok"`              // all targets were read completely, and all webhooks took the test
	Error   string   `json:"error,omitempty"` // why no target was read: the mistakes in the file
	Targets []Target `json:"targets"`
	// Webhooks are the results of test notifications, if any were asked for.
	Webhooks []notify.Trial `json:"webhooks,omitempty"`
	// Warnings are about the file: credentials that are not protected.
	Warnings []string `json:"warnings,omitempty"`
}

// Target is the result of checking one target.
type Target struct {
	Collector   string              `json:"collector"`
	Target      string              `json:"target"`
	OK          bool                `json:"ok"`              // it was read whole
	Error       string              `json:"error,omitempty"` // why it was not
	Reachable   string              `json:"reachable"`       // what was read, in words; empty if nothing was
	TookSeconds float64             `json:"took_seconds"`
	Roles       []phrase.QueueRole  `json:"roles"` // of the queues that are for something else than work
	Advice      []collectors.Advice `json:"advice"`
	// Missing are the statements or commands for the rights that this reading lacked.
	Missing []string `json:"missing_grants,omitempty"`
}

// Of turns the reading of a target into its result.
func Of(e collectors.Examination) Target {
	r := &e.Report
	holds := phrase.Holds(r)
	t := Target{
		Collector: r.Collector, Target: r.Target, OK: r.Complete(),
		Reachable: phrase.List(holds, len(holds)), TookSeconds: r.Duration.Round(time.Millisecond).Seconds(),
		Roles: phrase.Roles(r), Advice: []collectors.Advice{},
	}
	remedies := signal.MergeRemedies(signal.Remedies(r.Err), r.Remedies)
	// Advice that the target itself gives is not repeated.
	rights := slices.ContainsFunc(e.Advice, func(a collectors.Advice) bool { return a.Kind == collectors.Grant && a.Paste != "" })
	var advised []signal.Remedy
	for _, remedy := range remedies {
		switch {
		case remedy.Kind == signal.RemedyIndex:
			t.Advice = append(t.Advice, collectors.Advice{Kind: collectors.Index, Paste: remedy.Text, Text: remedy.For + ": " + remedy.Why})
			advised = append(advised, remedy)
		case remedy.Kind == signal.RemedyGrant && rights:
			advised = append(advised, remedy)
		}
	}
	if r.Err != nil {
		t.Error = signal.WithoutRemedies(r.Err.Error(), advised)
	}
	for _, w := range r.Warnings {
		t.warn("%s", signal.WithoutRemedies(w, advised))
	}
	t.deadLetters(r)
	t.Advice = append(t.Advice, e.Advice...)
	for _, statement := range missing(remedies, e.Advice) {
		t.Missing = append(t.Missing, untrusted.Lines(statement))
	}
	for i := range t.Advice {
		a := &t.Advice[i]
		a.Paste = untrusted.Lines(a.Paste)
		if a.Kind == collectors.Picture {
			a.Text = untrusted.Lines(a.Text)
		} else {
			a.Text = untrusted.Text(a.Text)
		}
	}
	return t
}

func (t *Target) warn(format string, args ...any) {
	t.Advice = append(t.Advice, collectors.Advice{Kind: collectors.Warning, Text: fmt.Sprintf(format, args...)})
}

// mostNamed is how many queues one piece of advice names.
const mostNamed = 12

// deadLetters warns about queues whose failing messages reach no dead letter queue.
func (t *Target) deadLetters(r *signal.Report) {
	served := map[string]bool{} // queues whose failures are kept, and where they are
	for i := range r.DeadLetters {
		served[r.DeadLetters[i].Destination] = true
		for _, source := range r.DeadLetters[i].Sources {
			served[source] = true
		}
	}
	var none, nameless, once []string
	for i := range r.Queues {
		q := &r.Queues[i]
		switch setup := q.Setup; {
		case !q.Purpose.Role.ExpectsConsumers(), q.Purpose.Role == signal.RoleRetry && setup == nil:
			// It needs none, or its messages go to that of the queue they came from.
		case setup != nil && setup.DeadLettering.Leak != "":
			t.warn("dead letters of queue %s are dropped on their way: %s", q.Destination, setup.DeadLettering.Leak)
		case setup != nil && setup.DeadLettering.AtMostOnce:
			once = append(once, q.Destination)
		case slices.Contains(none, q.Destination), slices.Contains(nameless, q.Destination), served[q.Destination]:
		case setup != nil && setup.DeadLettering.Route == signal.RouteBroken:
			t.warn("queue %s has a dead letter queue that its messages do not reach: %s", q.Destination, setup.DeadLettering.Problem)
		case setup != nil && setup.DeadLettering.Route == signal.RouteNone:
			none = append(none, q.Destination)
		case setup == nil && q.Semantics.Get().NamesDeadLetters:
			nameless = append(nameless, q.Destination)
		}
	}
	if len(none) > 0 {
		t.warn("%s without a dead letter queue, so a message that fails is dropped or retried forever: %s",
			phrase.Count(len(none), "queue"), phrase.List(none, mostNamed))
	}
	if len(once) > 0 {
		t.warn("dead letters are sent at most once, so a node that stops can lose some; set dead-letter-strategy at-least-once with overflow reject-publish: %s",
			phrase.List(once, mostNamed))
	}
	if len(nameless) > 0 {
		t.warn("%s with no dead letter topic by the patterns of dlq: %s", phrase.Count(len(nameless), "topic"), phrase.List(nameless, mostNamed))
	}
}
