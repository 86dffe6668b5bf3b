package detect

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// segments is into how many parts the window of a flow is divided. What happens
// all the time shows in each.
const segments = 4

// flow tracks how a queue fills and empties: what arrived, what was processed and what
// waited, at moments that are a part of a window of wall-clock time apart. It is
// kept per queue, not per partition.
type flow struct {
	Window  time.Duration
	Arrived int64 // since the window started
	Drained int64
	Again   int64                // redeliveries
	Back    signal.Instant       // since when consumers are connected again, or no transaction holds them back
	Peak    int64                // the largest backlog since the last sample
	Fell    bool                 // the backlog was larger before the last sample
	Samples [segments + 1]sample // the oldest first
	N       int

	Deliveries deliveries
}

// sample is a flow at one moment.
type sample struct {
	At      signal.Instant
	Arrived int64
	Drained int64
	Again   int64
	Depth   int64
	Held    int64 // delivered and not acknowledged
}

// deliveries are the counters of the last reading.
type deliveries struct {
	Known                               bool
	Redelivered, Received, Acknowledged signal.Count
}

// observe takes the next reading of the queue. away says that no consumer was connected
// before it, or that none could read what waits.
func (f *flow) observe(r *queueReading, away bool) {
	f.Window = flowWindow(r.Queue)
	progress := &r.memory.Progress
	f.Arrived += progress.arrived
	f.Drained += progress.drained
	if r.rebase || !progress.steady {
		*f = flow{Window: f.Window, Deliveries: f.Deliveries}
	}
	if away {
		f.Back = r.at
	}
	f.countAgain(r.Queue)
	if progress.whole {
		f.note(r, progress.Backlog, int64(max(0, r.InFlight)))
	}
}

// countAgain adds the redeliveries since the last reading. A counter that
// fell was reset, and a new counter does not show since when it counts.
func (f *flow) countAgain(q *signal.Queue) {
	d := &f.Deliveries
	switch {
	case !d.Known:
	case q.Redelivered.Known() && d.Redelivered.Known():
		f.Again += int64(max(0, q.Redelivered-d.Redelivered))
	case q.Semantics.Get().CountsReceipts && q.Received >= d.Received && d.Received.Known() && q.Acknowledged >= d.Acknowledged && d.Acknowledged.Known():
		// A message that was received more often than deleted was redelivered, or is in flight.
		f.Again += int64(q.Received - d.Received - (q.Acknowledged - d.Acknowledged))
	}
	*d = deliveries{true, q.Redelivered, q.Received, q.Acknowledged}
}

// partEnds reports whether the n-th part of a window that began at first ends with a reading,
// however many readings that took. A reading that comes a little early ends it too, because
// the next one is a whole interval late.
func (f *flow) partEnds(first signal.Instant, n int, r *queueReading) bool {
	return r.at.Sub(first) >= time.Duration(n)*f.Window/segments-r.interval/10
}

// note takes the present backlog. It adds a sample when a part of the window ends.
func (f *flow) note(r *queueReading, depth, held int64) {
	f.Peak = max(f.Peak, depth)
	if f.N > 0 && !f.partEnds(f.Samples[0].At, f.N, r) {
		return
	}
	push(&f.Samples, &f.N, f.sample(r.at, depth, held))
	f.Fell, f.Peak = depth < f.Peak, depth
}

// push adds the newest of n samples, in place of the oldest where there are as many as fit.
func push(samples *[segments + 1]sample, n *int, now sample) {
	if *n == len(samples) {
		copy(samples[:], samples[1:])
		*n--
	}
	samples[*n] = now
	*n++
}

// sample is the flow as of a reading.
func (f *flow) sample(at signal.Instant, depth, held int64) sample {
	return sample{At: at, Arrived: f.Arrived, Drained: f.Drained, Again: f.Again, Depth: depth, Held: held}
}

// full reports whether a whole window was observed.
func (f *flow) full() bool { return f.N == len(f.Samples) }

// attended reports whether consumers were connected throughout the window and could read: consumers
// that were away, or that an open transaction held back, show nothing about their speed.
func (f *flow) attended() bool { return f.full() && f.first().At >= f.Back }

func (f *flow) first() *sample { return &f.Samples[0] }
func (f *flow) last() *sample  { return &f.Samples[f.N-1] }

// lasted returns how long the window is; never zero when it is full.
func (f *flow) lasted() time.Duration { return f.last().At.Sub(f.first().At) }

// growing reports whether messages arrived faster than they were processed
// throughout the window: the backlog fell in no part of it and grew in nearly
// all, the last included. A burst grows once and then shrinks.
func (f *flow) growing() bool {
	grew := 0
	for i := 1; i < f.N; i++ {
		switch before, now := f.Samples[i-1].Depth, f.Samples[i].Depth; {
		case now < before:
			return false
		case now > before:
			grew++
		case i > f.N-segments/2-1:
			return false
		}
	}
	return f.attended() && !f.Fell && grew >= segments-1
}

// shrinking reports whether the backlog is smaller than half a window ago.
func (f *flow) shrinking() bool {
	return f.full() && f.last().Depth < f.Samples[segments/2].Depth
}

// steady reports whether messages were processed in each part of the window.
func (f *flow) steady() bool {
	for i := 1; i < f.N; i++ {
		if f.Samples[i].Drained <= f.Samples[i-1].Drained {
			return false
		}
	}
	return f.attended()
}

// redelivering reports whether something was redelivered lately.
func (f *flow) redelivering() bool {
	return f.N > 1 && f.Again > f.Samples[f.N-2].Again
}

// arrivals returns how many messages arrived a second, over the window.
func (f *flow) arrivals() float64 {
	return float64(f.last().Arrived-f.first().Arrived) / f.lasted().Seconds()
}

// drain returns how many messages were processed a second in the fastest part of the
// window: what consumers can do, even if they started slowly.
func (f *flow) drain() (rate float64) {
	for i := 1; i < f.N; i++ {
		before, now := &f.Samples[i-1], &f.Samples[i]
		rate = max(rate, float64(now.Drained-before.Drained)/now.At.Sub(before.At).Seconds())
	}
	return rate
}

// wait returns how long a message waits that has depth messages before it; false when
// nothing is processed, so that the time is unknown.
func (f *flow) wait(depth int64) (time.Duration, bool) {
	rate := f.drain()
	if rate <= 0 {
		return 0, false
	}
	const longest = 10 * 365 * 24 * time.Hour
	return time.Duration(min(float64(depth)/rate, longest.Seconds()) * float64(time.Second)), true
}

// flowWindow is how long the flow of a queue is observed before modes decide from it: as
// long as a message may wait, and long enough for counters that come late.
func flowWindow(q *signal.Queue) time.Duration {
	return max(q.Objective.MaxAge, segments*q.CounterDelay)
}
