package signal

import "time"

// Instant is a moment in milliseconds since the Unix epoch; zero is unknown. It
// holds no pointer, so that a reading of a hundred thousand partitions is one
// block that the garbage collector need not scan.
type Instant int64

// InstantOf returns t as an Instant; the zero time is unknown.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMilli())
}

// Known reports whether the moment is known.
func (i Instant) Known() bool { return i != 0 }

// Time returns the moment in UTC, or the zero time when it is unknown.
func (i Instant) Time() time.Time {
	if !i.Known() {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// Sub returns how long i lies after earlier.
func (i Instant) Sub(earlier Instant) time.Duration {
	return time.Duration(i-earlier) * time.Millisecond
}

// Add returns the moment d after i.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Bound says how an age is known.
type Bound uint8

// The bounds of an age.
const (
	// AgeUnknown: nothing is known.
	AgeUnknown Bound = iota
	// Measured: the broker or the row says when it was written.
	Measured
	// AtLeast: it is certainly that old and may be older.
	AtLeast
	// Estimated: derived from rates; shown, never used in a decision.
	Estimated
	// AtMost: it is that much or less.
	AtMost
)

// String returns the word that evidence and the API use.
func (b Bound) String() string {
	switch b {
	case Measured:
		return "measured"
	case AtLeast:
		return "at_least"
	case Estimated:
		return "estimated"
	case AtMost:
		return "at_most"
	default:
		return "unknown"
	}
}

// Age is the age of the oldest thing that waits, kept as the moment when it began
// to wait.
type Age struct {
	Since Instant
	Bound Bound
}

// Known reports whether the age is known at all.
func (a Age) Known() bool { return a.Bound != AgeUnknown && a.Since.Known() }

// At returns the age at a moment. It is never negative: with a clock that is ahead
// it is zero.
func (a Age) At(now Instant) time.Duration {
	if !a.Known() {
		return 0
	}
	return max(0, now.Sub(a.Since))
}
