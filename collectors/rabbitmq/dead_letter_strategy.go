package rabbitmq

import "fmt"

const (
	// rejectPublish is the overflow behaviour of a queue that rejects messages when it is full.
	rejectPublish = "reject-publish"
	// atLeastOnce is the strategy of a quorum queue that waits until its dead letters have
	// arrived. It needs the overflow behaviour above.
	atLeastOnce = "at-least-once"
)

func (e *effective) strategy() string {
	return e.text("x-dead-letter-strategy", "dead-letter-strategy")
}

// atLeastOnce reports whether a quorum queue dead-letters at least once.
func (e *effective) atLeastOnce() bool {
	return e.strategy() == atLeastOnce && e.text("x-overflow", "overflow") == rejectPublish
}

// transitLoss explains why dead letters of a queue are dropped on their way to its dead
// letter queues; empty if they are not, as far as the settings show. A classic queue sends
// them at most once, and so does a quorum queue by default: what the dead letter queue
// rejects is lost, and no counter shows it.
func (d *definitions) transitLoss(q *queueDefinition, e *effective, to []key) string {
	if len(to) == 0 {
		return ""
	}
	switch {
	case q.Type == "quorum" && e.atLeastOnce():
		return ""
	case q.Type == "quorum" && e.strategy() == atLeastOnce:
		return "dead-letter-strategy at-least-once is set and not in effect: it needs overflow " + rejectPublish
	}
	for _, k := range to {
		target := d.byName[k]
		if target == nil || target.Type != "classic" || !target.effective.known {
			continue // a quorum queue accepts dead letters even when it is full
		}
		over := &target.effective
		overflow := over.text("x-overflow", "overflow")
		bounded := over.least("x-max-length", "max-length").Known() || over.least("x-max-length-bytes", "max-length-bytes").Known()
		if bounded && overflow == rejectPublish {
			return fmt.Sprintf("dead letters are sent at most once, and %s rejects them when it is full (overflow %s)", k.destination(), rejectPublish)
		}
	}
	return ""
}
