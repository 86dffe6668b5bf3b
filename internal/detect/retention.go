package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// retention returns after how long the broker removes a message of the queue unprocessed;
// 0 where it does not, or passes it to another queue.
func retention(q *signal.Queue) time.Duration {
	if q.Setup == nil || q.Setup.Retention <= 0 || passesOn(q) {
		return 0
	}
	return q.Setup.Retention
}

// passesOn reports whether removed messages go, or may go, to another queue. Some systems
// remove what is too old, whatever happens to messages that fail.
func passesOn(q *signal.Queue) bool {
	route := q.Setup.DeadLettering.Route
	return q.Semantics.Get().DeadLettersRemoved && route != signal.RouteNone && route != signal.RouteBroken
}

// decidable reports whether a decision may use an age.
func decidable(a signal.Age) bool {
	return a.Known() && a.Bound != signal.Estimated
}
