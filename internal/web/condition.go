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
	unowned                  // no replica reads it
	partial                  // the last attempt brought a part
	silent                   // another replica reads it, and does not answer this one
	waiting                  // not yet tried
	up
)

// String returns the word for the status page; it is a class of the page too.
func (c condition) String() string {
	return [...]string{"down", "stale", "read by no replica", "in part", "not known here", "waiting", "up"}[c]
}

func conditionOf(t *watch.Target, now time.Time) condition {
	if t.Elsewhere != nil {
		return conditionElsewhere(t.Elsewhere)
	}
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

// conditionElsewhere is the state of a target that another replica reads.
func conditionElsewhere(e *watch.Elsewhere) condition {
	a := e.Answer
	switch {
	case a == nil && e.Member == "":
		return unowned
	case a == nil:
		return silent
	case a.LastAttempt.IsZero():
		return waiting
	case !a.Up:
		return down
	case a.Stale:
		return stale
	case a.Error != "":
		return partial
	default:
		return up
	}
}
