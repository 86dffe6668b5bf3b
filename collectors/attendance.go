package collectors

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// ownAfter is for how long consumers stay connected before they belong to a queue that
// takes dead letters: longer than an operator needs to handle some of them.
const ownAfter = 10 * time.Minute

// Attendance decides from readings whether consumers belong to a queue: whether they
// process it regularly, or an operator handles a few of its messages.
type Attendance struct {
	read  bool
	since signal.Instant // since when consumers are connected; zero when none are
	own   bool
	until signal.Instant // they still belong to it after they left
}

// Own reports whether consumers belong to the queue: they were connected at the first
// reading and still are, or have been for long. After they left they belong to it for as
// long as they stayed.
func (a *Attendance) Own() bool { return a.own }

// Observe takes the number of consumers of the next reading and reports whether the answer
// changed.
func (a *Attendance) Observe(consumers signal.Count, now signal.Instant) (changed bool) {
	before := a.own
	switch {
	case !consumers.Known():
		return false
	case consumers == 0 && a.since.Known():
		stayed := now.Sub(a.since)
		a.own = a.own && stayed >= ownAfter
		a.until, a.since = now.Add(stayed), 0
	case consumers == 0:
		a.own = a.own && now < a.until
	case !a.since.Known():
		a.since = now
		a.own = a.own || !a.read
	}
	a.own = a.own || a.since.Known() && now.Sub(a.since) >= ownAfter
	a.read = true
	return before != a.own
}
