package kafka

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// fewestSiblings is how many other topics of a group must have a dead letter queue before the
// one without is remarkable.
const fewestSiblings = 2

// deadLettered are the topics with a dead letter queue by name.
type deadLettered struct {
	topics map[string]bool
	// unsure: a dead letter queue may belong to any topic.
	unsure bool
}

// findDeadLettered finds the topics with a dead letter queue, before roles are decided.
func (r *reading) findDeadLettered() {
	d := deadLettered{topics: map[string]bool{}}
	for i := range r.topics {
		t := &r.topics[i]
		switch {
		case streamsInternal(t.name):
		case t.dlq != nil && len(t.dlq.sources) > 0:
			for _, source := range t.dlq.sources {
				d.topics[source] = true
			}
		case t.dlq != nil, collectors.SoundsDead(t.name) && !r.ofUnwatched(t.name):
			d.unsure = true
		}
	}
	r.deadLettered = d
}

// ofUnwatched reports whether a topic is the dead letter queue of one that is not watched.
func (r *reading) ofUnwatched(name string) bool {
	exists := func(topic string) bool { _, ok := r.byName[topic]; return ok }
	return slices.ContainsFunc(r.config.DLQ, func(pattern string) bool {
		source, ok := sourceOf(name, pattern, exists)
		return ok && source != "" && source != name
	})
}

// findUnpaired finds the queues that should have a dead letter queue: their topic has one for
// retries, or every other topic that the group reads has one. Whether a consumer keeps
// failed messages in another place cannot be seen.
func (r *reading) findUnpaired() {
	if r.deadLettered.unsure {
		return
	}
	retries := r.retryTopics()
	type counts struct{ with, without int }
	read := map[*group]counts{}
	for i := range r.queues {
		q := &r.queues[i]
		if !r.processes(q) {
			continue
		}
		n := read[q.group]
		if r.keepsDead(q.topic, retries) {
			n.with++
		} else {
			n.without++
		}
		read[q.group] = n
	}
	for i := range r.queues {
		q := &r.queues[i]
		if !r.processes(q) || r.keepsDead(q.topic, retries) {
			continue
		}
		found := signal.Unpaired{}
		if names := retries[q.topic]; len(names) > 0 {
			found.Retries = names[0]
		}
		if n := read[q.group]; n.without == 1 && n.with >= fewestSiblings {
			found.Siblings = n.with
		}
		if found != (signal.Unpaired{}) {
			q.unpaired = &found
		}
	}
}

// processes reports whether a group processes a topic for its own work.
func (r *reading) processes(q *queue) bool {
	t := &r.topics[q.topic]
	return !q.leftOver && t.watched && t.purpose.Role == signal.RoleWork && !streamsInternal(t.name)
}

// keepsDead reports whether a topic or one of its topics of retries has a dead letter queue.
func (r *reading) keepsDead(topic int32, retries map[int32][]string) bool {
	if r.deadLettered.topics[r.topics[topic].name] {
		return true
	}
	for _, name := range retries[topic] {
		if r.deadLettered.topics[name] {
			return true
		}
	}
	return false
}

// retryTopics returns the topics of retries of each topic: orders-retry and orders.retry.5m
// belong to orders. The longest name is the topic.
func (r *reading) retryTopics() map[int32][]string {
	found := map[int32][]string{}
	for i := range r.topics {
		name := r.topics[i].name
		if r.topics[i].purpose.Role != signal.RoleRetry || !collectors.SoundsRetried(name) {
			continue
		}
		for end := len(name) - 1; end > 0; end-- {
			if !strings.ContainsRune("._-", rune(name[end])) {
				continue
			}
			if of, t := r.topicAt(name[:end]); t != nil && t.purpose.Role == signal.RoleWork && collectors.SoundsRetried(name[end:]) {
				found[of] = append(found[of], name)
				break
			}
		}
	}
	return found
}
