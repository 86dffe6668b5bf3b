package database

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Clock turns moments that the database wrote down into moments on our clock, so
// that ages are right whatever the difference between the two.
type Clock struct {
	skew   int64  // milliseconds that the database's clock is ahead of ours, as measured
	offset int64  // the same in whole seconds, see newClock
	lag    int64  // milliseconds that a replica may be behind
	behind int64  // the same, as the replica reports it; signal.Unknown where it cannot tell
	halted string // why it does not follow its source; empty when it does
	ours   int64  // when it was measured
}

// newClock takes the difference between two clocks as that at the middle of the
// round trip. That is right to milliseconds and another time other milliseconds,
// so moments are moved by whole seconds: the same row then has the same age in
// every reading and after every restart, and its finding the same id.
func newClock(s dialect.Session, lag time.Duration) Clock {
	c := Clock{lag: lag.Milliseconds(), behind: s.Behind, halted: s.Halted, ours: time.Now().UnixMilli()}
	if s.Now != 0 {
		c.ours = s.Got.UnixMilli()
		c.skew = s.Now - s.Sent.Add(s.Got.Sub(s.Sent)/2).UnixMilli()
		c.offset = c.Skew().Round(time.Second).Milliseconds()
	}
	return c
}

// Skew is how far the database's clock is ahead of ours; negative when behind.
func (c Clock) Skew() time.Duration { return time.Duration(c.skew) * time.Millisecond }

// Warning says that the clocks differ by more than five seconds, or that a replica
// is further behind than the config allows for; it is empty otherwise.
func (c Clock) Warning(database string) string {
	if !c.dated() {
		return fmt.Sprintf("database %s is a read replica that %s, and as of when it shows what it shows is not known; that may be over by now, and none of it counts as late", database, c.halted)
	}
	if behind := time.Duration(c.behind) * time.Millisecond; behind > dialect.ClockTolerance && c.behind > c.lag {
		how := fmt.Sprintf("is %s behind", behind.Round(100*time.Millisecond))
		if c.halted != "" {
			how = fmt.Sprintf("%s; it was last seen to follow %s ago", c.halted, behind.Round(100*time.Millisecond))
		}
		return fmt.Sprintf("database %s is a read replica that %s; what it shows may be over by now, and counts as late only where it was late then", database, how)
	}
	skew, where := c.Skew(), "ahead of"
	if skew < 0 {
		skew, where = -skew, "behind"
	}
	if skew <= dialect.ClockTolerance {
		return ""
	}
	return fmt.Sprintf("clock of database %s is %s %s ours; ages are taken from the database's clock", database, skew.Round(100*time.Millisecond), where)
}

// now is the present on the database's clock, in milliseconds.
func (c Clock) now() int64 { return c.ours + c.offset }

// Instant is a moment of the database on our clock; a moment in the future is the
// present.
func (c Clock) Instant(millis int64) signal.Instant {
	return signal.Instant(min(millis-c.offset+c.lag, c.ours))
}

// IsAhead reports whether a moment of the database is further ahead than clocks may differ.
func (c Clock) IsAhead(millis int64) bool {
	return millis > c.now()+dialect.ClockTolerance.Milliseconds()
}

// dated reports whether it is known as of when the database shows what it shows.
func (c Clock) dated() bool { return c.behind >= 0 }

// Stale is how much older what the database shows is than the config allows for: 0
// unless it is a read replica; false where that is not known.
func (c Clock) Stale() (by time.Duration, known bool) {
	return time.Duration(max(c.behind-c.lag, 0)) * time.Millisecond, c.dated()
}

// Before is the moment on the database's clock at which what has waited for d
// began to wait. A replica shows only what it knew by then; a caller that counts by it
// checks first whether that moment is known.
func (c Clock) Before(d time.Duration) int64 {
	return c.now() - max(c.lag, c.behind) - d.Milliseconds()
}
