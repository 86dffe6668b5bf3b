package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// dlqMissing: a message that fails would be dropped, or delivered forever, because the
// queue has no dead letter queue, or its dead letter route leads nowhere or loses messages.
// Nothing needs to have been lost yet, so it wakes no engineer.
//
// Where dead letter queues are known by name only, other names decide it, see unpaired.go.
var dlqMissing = Decision{
	Mode:         signal.DLQMissing,
	Description:  "A message that fails would be dropped, or delivered forever: the queue has no dead letter queue, or its dead letter route leads nowhere.",
	BenignTwin:   "A queue declared a moment ago, one that needs none by config, a reply queue, a stream, a dead letter queue itself.",
	observeQueue: func(r *queueReading) { r.memory.DeadLettering.observe(r.Queue, r.at) },
	observe:      observeDeadLetterTargets,
	decide:       decideDLQMissing,
	presence:     dlqMissingPresence,
	atRisk:       true, // all messages of the queue
}

const (
	// declaring is how long a queue may lack a dead letter queue before it is reported: a
	// deployment declares queues one after the other.
	declaring = 10 * time.Minute
	// maxSeparate is how many queues with the same problem are reported one by one. More of
	// them have one cause, and are one finding that names a few.
	maxSeparate = 5
)

// deadLettering is what dlq_missing remembers of a queue.
type deadLettering struct {
	Setup *signal.Setup // the last that was known
	// Unpaired is what suggests a dead letter queue, where names pair them.
	Unpaired *signal.Unpaired
	Since    signal.Instant // since when failing messages are not kept; zero when they are
	Had      bool           // it had a dead letter queue since lostorder started watching
	Used     bool           // a message or a consumer was seen
	Holds    signal.Count   // messages in the queue
	Wants    bool           // whether it should have one
	Dead     bool           // it was the dead letter queue of another
	Grace    time.Duration

	semantics *signal.Semantics // of the last reading
}

// observe takes the next reading. What it does not know stays as it was.
func (t *deadLettering) observe(q *signal.Queue, at signal.Instant) {
	t.semantics = q.Semantics
	t.Holds = q.Ready.Add(q.InFlight).Add(q.Delayed)
	t.Used = t.Used || max(t.Holds, q.Consumers, q.Published, q.Received, q.Acknowledged) > 0
	if t.Grace = declaring; q.Objective.MaxAge > 0 {
		t.Grace = min(declaring, q.Objective.MaxAge)
	}
	if q.Semantics.Get().NamesDeadLetters {
		t.observeNames(q, at)
		return
	}
	if !routeKnown(q) {
		return
	}
	t.Setup = q.Setup
	t.Wants = !q.Objective.NoDLQ && !q.Setup.Temporary && q.Setup.Type != "stream" && !namedDead(q.Destination) && q.Purpose.Role.ExpectsConsumers()
	switch {
	case q.Setup.DeadLettering.Route == signal.RouteSet && q.Setup.DeadLettering.Leak == "":
		t.Since, t.Had = 0, true
	case !t.Since.Known():
		t.Since = at
	}
}

// routeKnown reports whether the reading shows where dead letters of the queue go, or that
// it has none by name.
func routeKnown(q *signal.Queue) bool {
	return q.Semantics.Get().NamesDeadLetters || q.Setup != nil && q.Setup.DeadLettering.Route != signal.RouteUnknown
}

// observeDeadLetterTargets remembers which queues are dead letter queues.
func observeDeadLetterTargets(v *view) {
	for i := range v.report.DeadLetters {
		if q := v.memory.queues[deadLetterID(&v.report.DeadLetters[i])]; q != nil {
			q.DeadLettering.Dead = true
		}
	}
}

// dlqMissingPresence: a finding about many queues has their broker or their dead letter
// target as its subject.
func dlqMissingPresence(v *view, s signal.Subject) presence {
	decided := func(q *signal.Queue) bool {
		t := &v.memory.queues[q.QueueID].DeadLettering
		return routeKnown(q) && (!t.Since.Known() || v.at.Sub(t.Since) >= t.Grace)
	}
	if q := v.queue(s); q != nil && s.Destination != "" {
		return presentIf(decided(q))
	}
	found := gone
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		switch {
		case q.System != s.System || q.Cluster != s.Cluster:
		case !decided(q):
			found = unread
		case s.Destination == "" || q.Setup != nil && q.Setup.DeadLettering.To == s.Destination:
			return present
		}
	}
	return found
}

// namedDead reports whether a queue has the name of a dead letter queue. One that no queue
// leads to any more needs no dead letter queue itself.
func namedDead(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(word string) bool {
		return word == "dlq" || word == "dlt" || word == "dead" || strings.HasPrefix(word, "deadletter")
	})
}

// lack is what queues with the same problem have in common.
type lack struct {
	route   signal.DeadLetteringRoute
	to      string
	removed bool // the queue had a dead letter queue since lostorder started watching
	names   bool // only names suggest that it should have one
}

func (t *deadLettering) lacks() lack {
	if t.Unpaired != nil {
		return lack{names: true}
	}
	route := &t.Setup.DeadLettering
	what := lack{route: route.Route, to: route.To, removed: t.Had && route.Route == signal.RouteNone}
	if route.Route == signal.RouteSet {
		what.to = "" // the target is not the cause
	}
	return what
}

func decideDLQMissing(v *view) []Case {
	lacking := map[lack][]*queueMemory{}
	for _, q := range v.memory.queues {
		t := &q.DeadLettering
		if !t.Since.Known() || !t.Wants || t.Dead || v.at.Sub(t.Since) < t.Grace {
			continue
		}
		what := t.lacks()
		lacking[what] = append(lacking[what], q)
	}
	for what, removed := range lacking {
		// A queue that lost its dead letter queue is not hidden among those that never
		// had one, unless all of them did.
		if what.removed && len(removed) > maxSeparate {
			delete(lacking, what)
			what.removed = false
			lacking[what] = append(lacking[what], removed...)
		}
	}
	var cases []Case
	for what, queues := range lacking {
		if len(queues) > maxSeparate {
			cases = append(cases, manyWithoutDLQ(what, queues))
			continue
		}
		for _, q := range queues {
			c := withoutDLQ(q)
			c.Evidence = q.DeadLettering.problem()
			cases = append(cases, c)
		}
	}
	return cases
}

// withoutDLQ is the case of one queue.
func withoutDLQ(q *queueMemory) Case {
	t := &q.DeadLettering
	return Case{
		Subject: queueSubject(q.ID), Severity: t.severity(), Count: max(0, int64(t.Holds)),
		Since: t.Since, DecidableAt: t.Since.Add(t.Grace), Summary: t.summary(),
	}
}

func (t *deadLettering) summary() string {
	switch {
	case t.Unpaired != nil:
		return t.unpairedSummary()
	case t.Setup.DeadLettering.Route == signal.RouteSet:
		return "Dead letters are dropped on their way to the dead letter queue."
	case t.Setup.DeadLettering.Route == signal.RouteBroken:
		return "The dead letter route of the queue leads to no queue: a message that fails is not kept."
	case t.Had:
		return "The queue no longer has a dead letter queue: a message that fails is not kept."
	}
	return "The queue has no dead letter queue: a message that fails is not kept."
}

// manyWithoutDLQ is the case of many queues: of the target that none of them reaches, or
// of their broker.
func manyWithoutDLQ(what lack, queues []*queueMemory) Case {
	// Queues in use come first: they need attention.
	slices.SortFunc(queues, func(a, b *queueMemory) int {
		return cmp.Or(
			cmp.Compare(a.DeadLettering.severity().Rank(), b.DeadLettering.severity().Rank()),
			strings.Compare(a.ID.Destination, b.ID.Destination),
		)
	})
	all := withoutDLQ(queues[0])
	all.Subject.Destination, all.Subject.Group = what.to, ""
	names := make([]string, len(queues))
	used := 0
	all.Count = 0
	for i, q := range queues {
		c := withoutDLQ(q)
		all.Count += c.Count
		all.Since, all.DecidableAt = min(all.Since, c.Since), min(all.DecidableAt, c.DecidableAt)
		names[i] = q.ID.Destination
		if q.DeadLettering.Used {
			used++
		}
	}
	all.Summary = fmt.Sprintf("%s have the same problem. %s", phrase.Count(len(queues), "queue"), all.Summary)
	switch {
	case what.names:
		all.Summary = phrase.Count(len(queues), "queue") + " have no dead letter queue by name, although other names suggest one: the consumers decide what becomes of a message that fails."
	case what.route == signal.RouteNone:
		all.Summary = phrase.Count(len(queues), "queue") + " have no dead letter queue: a message that fails there is not kept."
	}
	all.Evidence = append(signal.Evidence{
		signal.CountFact("queues", int64(len(queues))),
		signal.CountFact("queues_in_use", int64(used)),
		signal.ListFact("among_them", names[:maxSeparate]...),
	}, queues[0].DeadLettering.problem()...)
	return all
}

// severity is never critical. It is info where the broker itself drops nothing and
// repeats nothing, and where the queue is not used; but not where its messages were meant
// to be kept.
func (t *deadLettering) severity() signal.Severity {
	switch {
	case t.Unpaired != nil:
		return signal.Info
	case t.Had, t.Setup.DeadLettering.Route != signal.RouteNone:
		return signal.Warning
	case t.Used && t.byBroker() != "":
		return signal.Warning
	}
	return signal.Info
}

// byBroker describes what the broker does to a message that fails; empty where it depends
// on the consumers.
func (t *deadLettering) byBroker() string {
	var does []string
	s := t.Setup
	retries := t.semantics.Get().RetriesUntilRetention
	if s.MaxDeliveries.Known() && !retries {
		does = append(does, fmt.Sprintf("dropped after %d deliveries", s.MaxDeliveries))
	}
	retention := signal.DurationFact("", s.Retention).Value.String()
	switch {
	case s.Retention > 0 && retries:
		does = append(does, "delivered again and again until it is "+retention+" old, and then removed")
	case s.Retention > 0:
		does = append(does, "dropped when it is "+retention+" old")
	}
	if s.DropsHead {
		does = append(does, "dropped when the queue is full")
	}
	return strings.Join(does, "; ")
}

// problem is the evidence of one queue.
func (t *deadLettering) problem() signal.Evidence {
	if t.Unpaired != nil {
		return t.unpairedProblem()
	}
	route := &t.Setup.DeadLettering
	problem := route.Problem
	if route.Route == signal.RouteSet {
		return signal.Evidence{
			signal.TextFact("problem", route.Leak),
			signal.TextFact("failing_message", "dropped on its way to the dead letter queue, and not counted"),
			signal.TextFact("dead_letters_to", route.To),
		}
	}
	if route.Route == signal.RouteNone {
		problem = cmp.Or(t.semantics.Get().NoDeadLettering, "no dead letter queue")
		if t.Had {
			problem += " any more: there was one"
		}
	}
	fate := cmp.Or(t.byBroker(), "dropped when a consumer rejects it, delivered forever when it is requeued")
	if t.semantics.Get().RetriesUntilRetention && route.Route == signal.RouteBroken {
		fate = cmp.Or(t.byBroker(), "delivered again and again")
	}
	e := signal.Evidence{signal.TextFact("problem", problem), signal.TextFact("failing_message", fate)}
	if route.To != "" {
		e = append(e, signal.TextFact("dead_letters_to", route.To))
	}
	return append(e, signal.TextFact("needs_none", "set dlq: none in an objective of the queue"))
}
