package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/lostorder/lostorder/internal/signal"
)

// dlqMissing: a message that fails would be dropped, or delivered again for ever,
// because the queue has no dead letter queue, or the way to it leads nowhere or does not
// keep what it was meant to keep. Nothing
// needs to have been lost yet, so that it wakes nobody.
//
// Where dead letter queues are known by name only, there is nothing to decide it from.
var dlqMissing = Decision{
	Mode:        signal.DLQMissing,
	Description: "A message that fails would be dropped, or delivered again for ever: the queue has no dead letter queue, or the way to it leads nowhere.",
	BenignTwin:  "A queue declared a moment ago, one that needs none by config, a reply queue, a stream, a dead letter queue itself.",
	judge:       judgeDLQMissing,
}

const (
	// declaring is how long a queue may lack what it needs before that is told: who
	// declares one, or changes how it is set up, is done soon, not at once.
	declaring = 10 * time.Minute
	// apiece is how many queues that lack the same are told one by one. More of them
	// have one cause, and are one finding that names a few.
	apiece = 5
)

// letterTrack is what is remembered of what becomes of a queue's failing messages.
type letterTrack struct {
	id        signal.QueueID
	semantics *signal.Semantics
	setup     *signal.Setup  // the last in which it was known
	since     signal.Instant // since when they are not kept; zero when they are
	had       bool           // it had a dead letter queue since we look
	used      bool           // a message or a consumer was seen
	holds     signal.Count   // messages in the queue
	wants     bool           // whether it should have one
	dead      bool           // it was the dead letter queue of another
	grace     time.Duration
}

// observe takes the next reading. What it does not know stays as it was.
func (t *letterTrack) observe(q *signal.Queue, at signal.Instant) {
	t.semantics = q.Semantics
	t.id, t.holds = q.QueueID, q.Ready.Add(q.InFlight).Add(q.Delayed)
	t.used = t.used || max(t.holds, q.Consumers, q.Published, q.Received, q.Acknowledged) > 0
	if t.grace = declaring; q.Objective.MaxAge > 0 {
		t.grace = min(declaring, q.Objective.MaxAge)
	}
	if q.Setup == nil || q.Setup.DeadLettering.Route == signal.RouteUnknown {
		return
	}
	t.setup = q.Setup
	t.wants = !q.Objective.NoDLQ && !q.Setup.Temporary && q.Setup.Type != "stream" && !soundsDead(q.Destination)
	switch {
	case q.Setup.DeadLettering.Route == signal.RouteSet && q.Setup.DeadLettering.Leak == "":
		t.since, t.had = 0, true
	case !t.since.Known():
		t.since = at
	}
}

// soundsDead reports whether a queue is called a dead letter queue: one that nothing
// leads to any more is none of the queues that need one themselves.
func soundsDead(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(word string) bool {
		return word == "dlq" || word == "dlt" || word == "dead" || strings.HasPrefix(word, "deadletter")
	})
}

// lack is what queues have in common that lack the same.
type lack struct {
	route   signal.DeadLetteringRoute
	to      string
	removed bool // somebody took it away since we look
}

func judgeDLQMissing(v *view) []Case {
	lacking := map[lack][]*letterTrack{}
	for _, q := range v.history.queues {
		t := &q.letters
		if !t.since.Known() || !t.wants || t.dead || v.at.Sub(t.since) < t.grace {
			continue
		}
		letter := &t.setup.DeadLettering
		what := lack{letter.Route, letter.To, t.had && letter.Route == signal.RouteNone}
		if letter.Route == signal.RouteSet {
			what.to = "" // it is not the target that is at fault
		}
		lacking[what] = append(lacking[what], t)
	}
	for what, removed := range lacking {
		// A queue that lost its dead letter queue does not go under among those that never
		// had one, unless all of them did.
		if what.removed && len(removed) > apiece {
			delete(lacking, what)
			what.removed = false
			lacking[what] = append(lacking[what], removed...)
		}
	}
	var cases []Case
	for what, queues := range lacking {
		if len(queues) > apiece {
			cases = append(cases, withoutDLQ(what, queues))
			continue
		}
		for _, t := range queues {
			c := t.without()
			c.Evidence = t.lacks()
			cases = append(cases, c)
		}
	}
	return cases
}

// without is the case of one queue.
func (t *letterTrack) without() Case {
	return Case{
		Subject: queueSubject(t.id), Severity: t.severity(), Count: max(0, int64(t.holds)),
		Since: t.since, DecidableAt: t.since.Add(t.grace),
	}
}

// withoutDLQ is the case of many queues: of the target that none of them reaches, or
// of their broker.
func withoutDLQ(what lack, queues []*letterTrack) Case {
	// Those in use, which are the ones to look at, come first.
	slices.SortFunc(queues, func(a, b *letterTrack) int {
		if first := a.severity() == signal.Warning; first != (b.severity() == signal.Warning) {
			return map[bool]int{true: -1, false: 1}[first]
		}
		return strings.Compare(a.id.Destination, b.id.Destination)
	})
	all := queues[0].without()
	all.Subject.Destination = what.to
	names := make([]string, len(queues))
	used := 0
	all.Count = 0
	for i, t := range queues {
		c := t.without()
		all.Count += c.Count
		all.Since, all.DecidableAt = min(all.Since, c.Since), min(all.DecidableAt, c.DecidableAt)
		names[i] = t.id.Destination
		if t.used {
			used++
		}
	}
	all.Evidence = append(signal.Evidence{
		{Name: "queues", Value: fmt.Sprintf("%d, %d of them seen in use", len(queues), used)},
		{Name: "among_them", Value: strings.Join(names[:apiece], ", ")},
	}, queues[0].lacks()...)
	return all
}

// severity is never critical. It is for the record where the broker itself drops
// nothing and repeats nothing, and where nobody uses the queue; but not where
// somebody meant its messages to be kept.
func (t *letterTrack) severity() signal.Severity {
	switch {
	case t.had, t.setup.DeadLettering.Route != signal.RouteNone:
		return signal.Warning
	case t.used && t.byBroker() != "":
		return signal.Warning
	}
	return signal.Info
}

// byBroker says what the broker does to a message that fails; empty where it is up
// to the consumers.
func (t *letterTrack) byBroker() string {
	var does []string
	s := t.setup
	retries := t.semantics.Get().RetriesUntilRetention
	if s.MaxDeliveries.Known() && !retries {
		does = append(does, fmt.Sprintf("dropped after %d deliveries", s.MaxDeliveries))
	}
	switch {
	case s.Retention > 0 && retries:
		does = append(does, "delivered again and again until it is "+inWords(s.Retention)+" old, and then removed")
	case s.Retention > 0:
		does = append(does, "dropped when it is "+inWords(s.Retention)+" old")
	}
	if s.DropsHead {
		does = append(does, "dropped when the queue is full")
	}
	return strings.Join(does, "; ")
}

func (t *letterTrack) lacks() signal.Evidence {
	letter := &t.setup.DeadLettering
	problem := letter.Problem
	if letter.Route == signal.RouteSet {
		return signal.Evidence{
			{Name: "problem", Value: letter.Leak},
			{Name: "failing_message", Value: "dropped on its way to the dead letter queue, and not counted"},
			{Name: "dead_letters_to", Value: letter.To},
		}
	}
	if letter.Route == signal.RouteNone {
		problem = cmp.Or(t.semantics.Get().NoDeadLettering, "no dead letter queue")
		if t.had {
			problem += " any more: there was one"
		}
	}
	fate := cmp.Or(t.byBroker(), "dropped when a consumer rejects it, delivered again for ever when it is requeued")
	if t.semantics.Get().RetriesUntilRetention && letter.Route == signal.RouteBroken {
		fate = cmp.Or(t.byBroker(), "delivered again and again")
	}
	e := signal.Evidence{{Name: "problem", Value: problem}, {Name: "failing_message", Value: fate}}
	if letter.To != "" {
		e = append(e, signal.Fact{Name: "dead_letters_to", Value: letter.To})
	}
	return append(e, signal.Fact{Name: "needs_none", Value: "say so by dlq: none in an objective of the queue"})
}
