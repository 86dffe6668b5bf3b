package rabbitmq

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// streamSemantics is how streams behave: they keep what consumers processed, so that their
// counters are no balance.
var streamSemantics = func() signal.Semantics {
	s := semantics
	s.CountersBalance = false
	return s
}()

// follower is how far the slowest consumer of a stream is, as far as the broker shows it. Its
// offsets begin anywhere.
type follower struct {
	done     signal.Count // where it was last seen to advance
	acked    signal.Count
	behind   signal.Count // messages in the stream when consumers last acknowledged one
	lengths  []lengthAt   // of the last readings
	skew     signal.Count // by how much done may be wrong: what arrived lately, at most, since it is there
	observed bool
	lagged   bool // followed by its lag, not by acknowledgements
}

// lengthAt is how many messages a stream had at one moment.
type lengthAt struct {
	at     signal.Instant
	length signal.Count
}

// lengthDelay is within which time a stream's length and the lag of its consumers may be taken
// at different moments.
const lengthDelay = statisticsInterval + 5*time.Second

// follow takes the next reading of a stream and returns where its slowest consumer stands; false
// if the broker does not show it. Consumers that use the stream protocol have a lag. Consumers
// that use AMQP acknowledge, and stand still if they acknowledge nothing while messages arrive.
func (f *follower) follow(c *counts, now signal.Instant) (signal.Partition, bool) {
	part := signal.Partition{Start: signal.Unknown}
	if c.consumers == 0 || !c.ready.Known() || !c.lag.Known() && !c.holdsStream() {
		*f = follower{}
		return part, false
	}
	if f.lagged != c.lag.Known() {
		*f = follower{lagged: c.lag.Known()}
	}
	if f.lagged {
		arrived := f.arrived(c.ready, now)
		switch at := c.ready - c.lag; {
		case !f.observed, c.lag == 0, at > f.done+f.skew+arrived, at < f.done-f.skew-arrived:
			f.done, f.skew = at, 0 // below: the stream was cut, or a consumer reads from an earlier offset
		}
		f.skew = max(f.skew, arrived)
		f.observed = true
		part.Committed, part.End = max(0, int64(f.done)), max(0, int64(f.done))+int64(c.lag)
		return part, true
	}
	if processed := c.processed(); !f.observed || processed != f.acked || c.ready < f.behind {
		f.acked, f.behind, f.observed = processed, c.ready, true
	}
	part.Committed, part.End = int64(f.acked), int64(f.acked+c.ready-f.behind)
	return part, true
}

// holdsStream reports whether consumers that use AMQP hold messages of a stream. Of the others
// the broker counts no acknowledgements, which must not look like a consumer that stands still:
// nothing is known where it does not show their lag.
func (c *counts) holdsStream() bool {
	return c.lagShown && c.consumers > 0 && c.processed().Known() && c.delivered > max(0, c.acked)
}

// arrived returns how many messages arrived lately: the position of a consumer may seem to
// move by as much, for its lag and the length of the stream are not of the same moment.
func (f *follower) arrived(length signal.Count, now signal.Instant) signal.Count {
	for len(f.lengths) > 1 && now.Sub(f.lengths[1].at) >= lengthDelay {
		f.lengths = f.lengths[1:]
	}
	least := length
	for _, l := range f.lengths {
		least = min(least, l.length)
	}
	f.lengths = append(f.lengths, lengthAt{now, length})
	return length - least
}
