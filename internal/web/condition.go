package web

import (
	"time"

	"github.com/lostorder/lostorder/internal/watch"
)

// condition is the state of a target, the worst first.
type condition int

const (
	down    condition = iota // the last attempt brought nothing
	stale                    // no attempt has ended for too long
	partial                  // the last attempt brought a part
	waiting                  // not yet tried
	up
)

// String returns the word for the status page; it is a class of the page too.
func (c condition) String() string {
	return [...]string{"down", "stale", "in part", "waiting", "up"}[c]
}

func conditionOf(t *watch.Target, now time.Time) condition {
	switch {
	case t.Attempt.IsZero():
		return waiting
	case !t.Up:
		return down
	case t.Stale(now):
		return stale
	case t.Err != nil:
		return partial
	default:
		return up
	}
}
