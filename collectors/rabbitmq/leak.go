package rabbitmq

import "fmt"

const (
	// rejectPublish is the overflow of a queue that refuses what is too much.
	rejectPublish = "reject-publish"
	// atLeastOnce is the strategy of a quorum queue that waits until its dead letters have
	// arrived. It takes the overflow above.
	atLeastOnce = "at-least-once"
)

func (e *effective) strategy() string {
	return e.text("x-dead-letter-strategy", "dead-letter-strategy")
}

// atLeastOnce reports whether a quorum queue sends its dead letters at least once.
func (e *effective) atLeastOnce() bool {
	return e.strategy() == atLeastOnce && e.text("x-overflow", "overflow") == rejectPublish
}

// leak says why dead letters of a queue are dropped on their way to the queues at its
// end; empty where they are not, as far as it can be told. A classic queue sends them at
// most once, and so does a quorum queue that is not told to do it at least once: whatever
// the target refuses is gone, and no counter tells.
func (d *definitions) leak(q *queueDefinition, e *effective, to []key) string {
	if len(to) == 0 {
		return ""
	}
	switch {
	case q.Type == "quorum" && e.atLeastOnce():
		return ""
	case q.Type == "quorum" && e.strategy() == atLeastOnce:
		return "dead-letter-strategy at-least-once is set and not in effect: it takes overflow " + rejectPublish
	}
	for _, k := range to {
		target := d.byName[k]
		if target == nil || target.Type != "classic" {
			continue // a quorum queue takes them nevertheless
		}
		over := &target.effective
		overflow := over.text("x-overflow", "overflow")
		bounded := over.least("x-max-length", "max-length").Known() || over.least("x-max-length-bytes", "max-length-bytes").Known()
		if bounded && overflow == rejectPublish {
			return fmt.Sprintf("dead letters are sent at most once, and %s refuses them when it is full (overflow %s)", k.destination(), rejectPublish)
		}
	}
	return ""
}
