package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// segments is into how many parts the window of a flow is divided. What is to be
// seen all the time is seen in each.
const segments = 4

// flow is how a queue fills and empties: what came, what was taken off and what
// waited, at moments that are apart by a part of a window of wall-clock time. It is
// kept per queue, not per partition.
type flow struct {
	arrived int64 // since we look
	drained int64
	again   int64              // deliveries of what had been delivered before
	back    signal.Instant     // since when somebody reads, where nobody did
	peak    int64              // the most that waited since the last mark
	fell    bool               // before the last mark more waited than at it
	marks   [segments + 1]mark // the oldest first
	n       int
}

// mark is where a flow stood at one moment.
type mark struct {
	at      signal.Instant
	arrived int64
	drained int64
	again   int64
	depth   int64
	held    int64 // delivered and not acknowledged
}

// restart forgets what was: the window begins anew.
func (f *flow) restart() { *f = flow{} }

// note takes in what waits now; a mark is set once a part of the window has passed
// since the last, however many readings that took.
func (f *flow) note(at signal.Instant, depth, held int64, window time.Duration) {
	f.peak = max(f.peak, depth)
	if f.n > 0 && at.Sub(f.marks[f.n-1].at) < window/segments {
		return
	}
	if f.n == len(f.marks) {
		copy(f.marks[:], f.marks[1:])
		f.n--
	}
	f.marks[f.n] = mark{at: at, arrived: f.arrived, drained: f.drained, again: f.again, depth: depth, held: held}
	f.n++
	f.fell, f.peak = depth < f.peak, depth
}

// full reports whether a whole window was observed.
func (f *flow) full() bool { return f.n == len(f.marks) }

// read reports whether somebody read all through the window: readers that were away
// say nothing of how fast they are.
func (f *flow) read() bool { return f.full() && f.first().at >= f.back }

func (f *flow) first() *mark { return &f.marks[0] }
func (f *flow) last() *mark  { return &f.marks[f.n-1] }

// lasted returns how long the window is; never zero when it is full.
func (f *flow) lasted() time.Duration { return f.last().at.Sub(f.first().at) }

// growing reports whether messages came faster than they were taken off, all
// through the window: what waits became less in no part of it, and more in nearly
// all, the latest among them. A burst does so once and then shrinks.
func (f *flow) growing() bool {
	grew := 0
	for i := 1; i < f.n; i++ {
		switch before, now := f.marks[i-1].depth, f.marks[i].depth; {
		case now < before:
			return false
		case now > before:
			grew++
		case i > f.n-segments/2-1:
			return false
		}
	}
	return f.read() && !f.fell && grew >= segments-1
}

// shrinking reports whether less waits than half a window ago.
func (f *flow) shrinking() bool {
	return f.full() && f.last().depth < f.marks[segments/2].depth
}

// steady reports whether messages were taken off all through the window.
func (f *flow) steady() bool {
	for i := 1; i < f.n; i++ {
		if f.marks[i].drained <= f.marks[i-1].drained {
			return false
		}
	}
	return f.read()
}

// redelivering reports whether something was delivered again lately.
func (f *flow) redelivering() bool {
	return f.n > 1 && f.again > f.marks[f.n-2].again
}

// arrivals returns how many messages came in a second, over the window.
func (f *flow) arrivals() float64 {
	return float64(f.last().arrived-f.first().arrived) / f.lasted().Seconds()
}

// drain returns how many messages were taken off in a second in that part of the
// window in which it went fastest: what readers can do, though they began slowly.
func (f *flow) drain() (rate float64) {
	for i := 1; i < f.n; i++ {
		before, now := &f.marks[i-1], &f.marks[i]
		rate = max(rate, float64(now.drained-before.drained)/now.at.Sub(before.at).Seconds())
	}
	return rate
}

// wait returns how long a message waits that comes when that many are before it;
// false when nothing is taken off, so that it cannot be said.
func (f *flow) wait(depth int64) (time.Duration, bool) {
	rate := f.drain()
	if rate <= 0 {
		return 0, false
	}
	const longest = 10 * 365 * 24 * time.Hour
	return time.Duration(min(float64(depth)/rate, longest.Seconds()) * float64(time.Second)), true
}

// flowWindow is how long the flow of a queue is looked at before it is judged: as
// long as a message may wait, and long enough for counters that come late.
func flowWindow(q *signal.Queue) time.Duration {
	return max(q.Objective.MaxAge, segments*q.CounterDelay)
}
