package detect

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// observeNames takes the next reading of a queue whose dead letter queue is known by its name
// only. Whether a message that fails is kept depends on the consumers, so nothing is reported
// unless other names suggest that there should be a dead letter queue.
func (t *deadLettering) observeNames(q *signal.Queue, at signal.Instant) {
	t.Setup, t.Unpaired = nil, q.Unpaired
	t.Wants = !q.Objective.NoDLQ && !namedDead(q.Destination) && q.Purpose.Role.ExpectsConsumers()
	switch {
	case t.Unpaired == nil:
		t.Since = 0
	case !t.Since.Known():
		t.Since = at
	}
}

func (t *deadLettering) unpairedSummary() string {
	if t.Unpaired.Retries != "" {
		return "The queue has a queue of retries and no dead letter queue by name: a message that fails every retry may be dropped."
	}
	return fmt.Sprintf("The consumers read %s with a dead letter queue, and this one has none by name: a message that fails may be dropped.",
		phrase.Count(t.Unpaired.Siblings, "other queue"))
}

func (t *deadLettering) unpairedProblem() signal.Evidence {
	e := signal.Evidence{signal.TextFact("problem", "no queue has the name of a dead letter queue for it")}
	if t.Unpaired.Retries != "" {
		e = append(e, signal.TextFact("retried_through", t.Unpaired.Retries))
	}
	if t.Unpaired.Siblings > 0 {
		e = append(e, signal.CountFact("other_queues_with_one", int64(t.Unpaired.Siblings)))
	}
	return append(e,
		signal.TextFact("failing_message", "what the consumers do with it, which the broker does not know"),
		signal.TextFact("has_another_name", "add the name of its dead letter queue to dlq in the config"),
		signal.TextFact("needs_none", "set dlq: none in an objective of the queue"))
}
