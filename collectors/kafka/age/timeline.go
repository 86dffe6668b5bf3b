// Package age tells since when the messages of a partition have waited.
package age

import (
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// An age is good enough when it is known to within a second or a twentieth.
	ageGrain = time.Second
	ageShare = 20
	grain    = signal.Instant(ageGrain / time.Millisecond)
	// burstSpan is how far apart two readings are at most between which bursts are searched.
	burstSpan = signal.Instant(time.Minute / time.Millisecond)
	// skewSlack is how far a clock may be off without being called wrong.
	skewSlack = time.Second
	// boundsKept bounds what is remembered of one partition.
	boundsKept = 12
	// triesPerHead bounds the questions about one message. Timestamps that are out
	// of order may leave it without an answer.
	triesPerHead = 20
)

// A bound bounds when messages were written: those before offset not after upper,
// the one at offset and those behind it not before lower.
type bound struct {
	offset       int64
	upper, lower signal.Instant
	exact        bool // the message at offset was written at lower
}

// Timeline holds when the messages of one partition were written. It has two
// sources. Samples are the ends of the log that readings saw, by our own clock:
// they cost nothing, cannot be faked and are as fine as the interval. Probes are
// answers of the broker about timestamps: exact, by the producer's clock. Where the two disagree the samples are right: a message with an old
// timestamp that arrived just now (a replay, a mirror) has waited since just now.
type Timeline struct {
	prev, last bound    // the two latest samples
	lag        *lagging // nil while no group lags
}

// lagging is kept only while a group lags.
type lagging struct {
	samples []bound // before prev
	probes  []bound
	reading uint64 // the last one in which a group lagged
	fresh   bool   // a group lags since this reading
	lowest  int64  // head of the group that is furthest behind
	wanted  int64  // head that the next probe is for; Unknown: none
	head    int64  // head that the last probe was for
	tries   int    // probes for it
	untimed bool   // the partition carries no timestamps
}

// Observe notes the end of the log at a moment.
func (l *Timeline) Observe(end int64, at signal.Instant) {
	switch {
	case !l.last.upper.Known():
		l.last = bound{offset: end, upper: at, lower: at}
	case end < l.last.offset: // a topic that was recreated
		*l = Timeline{last: bound{offset: end, upper: at, lower: at}}
	case end == l.last.offset:
		l.last.lower = at
	default:
		if l.lag != nil && l.prev.upper.Known() {
			l.lag.samples = thin(append(l.lag.samples, l.prev))
		}
		l.prev, l.last = l.last, bound{offset: end, upper: at, lower: at}
	}
}

// learn notes what the broker answered to "the first message at or after asked":
// an offset and its timestamp, or none (a negative offset).
func (l *lagging) learn(asked signal.Instant, offset int64, at signal.Instant, end int64) {
	m := bound{offset: offset, upper: asked, lower: at, exact: true}
	if offset < 0 {
		m = bound{offset: end, upper: asked, lower: asked}
	}
	i, found := slices.BinarySearchFunc(l.probes, m, func(a, b bound) int { return int(min(1, max(-1, a.offset-b.offset))) })
	if found && l.probes[i].exact == m.exact {
		l.probes[i].upper = min(l.probes[i].upper, m.upper)
		l.probes[i].lower = max(l.probes[i].lower, m.lower)
		return
	}
	l.probes = thin(slices.Insert(l.probes, i, m))
}

// forget drops what lies before the group that is furthest behind.
func (l *lagging) forget() {
	l.samples = since(l.samples, l.lowest)
	l.probes = since(l.probes, l.lowest)
}

// since drops the bounds before an offset, but for the nearest two: one may be
// the message itself.
func since(bounds []bound, offset int64) []bound {
	drop := 0
	for drop+2 < len(bounds) && bounds[drop+2].offset <= offset {
		drop++
	}
	return slices.Delete(bounds, 0, drop)
}

// thin keeps the number of bounds bounded by dropping the one that says least: it
// has its neighbours closest in time, relative to their age.
func thin(bounds []bound) []bound {
	if len(bounds) <= boundsKept {
		return bounds
	}
	newest := bounds[len(bounds)-1].lower
	best, least := 1, 0.0
	for i := 1; i < len(bounds)-1; i++ {
		gap := float64(bounds[i+1].lower-bounds[i-1].lower) / float64(newest-bounds[i-1].lower+1)
		if i == 1 || gap < least {
			best, least = i, gap
		}
	}
	return slices.Delete(bounds, best, best+1)
}

// bracket is when a message was written, as far as one source knows.
type bracket struct {
	low, high     signal.Instant // unknown where nothing bounds it
	lowAt, highAt int64          // the offsets that bound it
	lowExact      bool
	exact         bool // low is when
}

func (b *bracket) narrow(m *bound, head int64) {
	switch {
	case !m.upper.Known():
	case m.offset > head:
		if !b.high.Known() || m.upper < b.high {
			b.high, b.highAt = m.upper, m.offset
		}
	case m.exact && m.offset == head:
		b.exact, b.low, b.high, b.lowAt, b.highAt = true, m.lower, m.lower, head, head
	case m.lower >= b.low && !b.exact:
		b.low, b.lowAt, b.lowExact = m.lower, m.offset, m.exact
	}
}

// observed is what the samples show of a message, answered what the probes do.
func (l *Timeline) observed(head int64) bracket {
	var b bracket
	if l.lag != nil {
		for i := range l.lag.samples {
			b.narrow(&l.lag.samples[i], head)
		}
	}
	b.narrow(&l.prev, head)
	b.narrow(&l.last, head)
	return b
}

func (l *Timeline) answered(head int64) bracket {
	var b bracket
	if l.lag == nil {
		return b
	}
	for i := range l.lag.probes {
		if b.narrow(&l.lag.probes[i], head); b.exact {
			return b
		}
	}
	if b.low.Known() && b.high.Known() && b.low > b.high {
		// Timestamps out of order. That every message before an offset is older than a
		// moment is what the broker said; the other bound was a guess from order.
		b.low = 0
	}
	return b
}

// Age returns since when the message at head has waited, and whether that is good
// enough.
func (l *Timeline) Age(head int64, now signal.Instant) (signal.Age, bool) {
	seen, answered := l.observed(head), l.answered(head)
	if !seen.high.Known() {
		return signal.Age{}, true // no sample behind it: nothing waits
	}
	if answered.exact {
		at := min(answered.low, seen.high)
		if floor := seen.low.Add(-skewSlack); seen.low.Known() && at < floor {
			at = seen.low
		}
		return signal.Age{Since: at, Bound: signal.Measured}, true
	}
	low, high := seen.low, seen.high
	if answered.high.Known() {
		high = max(low, min(high, answered.high))
	}
	if answered.low.Known() {
		low = min(high, max(low, answered.low))
	}
	tolerance := max(ageGrain, now.Sub(high)/ageShare)
	if low.Known() && high.Sub(low) <= tolerance {
		return signal.Age{Since: high, Bound: signal.Measured}, true
	}
	return signal.Age{Since: high, Bound: signal.AtLeast}, false
}

// question returns the timestamp to ask the broker about next, to learn more of
// the message at head. Between two bounds it guesses that messages came evenly,
// and halves the time every other try, for they do not.
func (l *Timeline) question(head int64) signal.Instant {
	seen, b := l.observed(head), l.answered(head)
	if !b.low.Known() {
		b.low, b.lowAt, b.lowExact = seen.low, seen.lowAt, false
	}
	if !b.high.Known() {
		b.high, b.highAt = seen.high, seen.highAt
	}
	switch {
	case !b.low.Known():
		return 1 // the first message of the log
	case b.low >= b.high:
		return b.low
	case b.lowExact && head == b.lowAt+1:
		return b.low + 1 // the next message
	}
	span := b.high - b.low
	at := b.low + span/2
	switch {
	case l.lag.tries == 0 || l.lag.tries > 2 || span <= grain || span > burstSpan:
	case b.lowExact:
		return b.low + grain // decides whether the two came in one burst
	case l.lag.tries == 1:
		return b.low + 1 // the first message after the last sample may begin a burst
	}
	if l.lag.tries%2 == 0 && b.highAt > b.lowAt {
		at = b.low + signal.Instant(float64(span)*float64(head-b.lowAt)/float64(b.highAt-b.lowAt))
	}
	if b.lowExact {
		at = max(at, b.low+1)
	}
	return at
}
