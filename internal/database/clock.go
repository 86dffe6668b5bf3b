package database

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Clock converts times of the database into times of lostorder's clock, so that ages are
// right even if the two clocks differ.
type Clock struct {
	skew   int64  // milliseconds that the database's clock is ahead of ours, as measured
	offset int64  // the same in whole seconds, see newClock
	lag    int64  // milliseconds that a replica may lag, by the config
	behind int64  // milliseconds that the replica lags; signal.Unknown if it does not know
	halted string // why the replica does not follow its source, "" if it does
	ours   int64  // when it was measured, on lostorder's clock
}

// newClock measures the difference of the two clocks at the middle of the round trip.
// Measurements differ by milliseconds, so times are shifted by whole seconds. Then the same
// row has the same age in every reading and after every restart, and its finding the same
// id.
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

// Warning reports that the clocks differ by more than five seconds, or that a replica lags
// more than the config allows. Otherwise it is empty.
func (c Clock) Warning(database string) string {
	if !c.dated() {
		return fmt.Sprintf("database %s is a read replica that %s, and the age of its data is unknown; lostorder counts none of it as late", database, c.halted)
	}
	if behind := time.Duration(c.behind) * time.Millisecond; behind > dialect.ClockTolerance && c.behind > c.lag {
		how := fmt.Sprintf("is %s behind", behind.Round(100*time.Millisecond))
		if c.halted != "" {
			how = fmt.Sprintf("%s and last followed its source %s ago", c.halted, behind.Round(100*time.Millisecond))
		}
		return fmt.Sprintf("database %s is a read replica that %s; lostorder counts as late only what was late in the replica's data", database, how)
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

// ServerMillis is the present on the database's clock, in milliseconds.
func (r *Reading) ServerMillis() int64 { return r.clock.now() }

// Instant converts a time of the database to lostorder's clock. A time in the future
// becomes the present.
func (c Clock) Instant(millis int64) signal.Instant {
	return signal.Instant(min(millis-c.offset+c.lag, c.ours))
}

// IsAhead reports whether a moment of the database is further ahead than clocks may differ.
func (c Clock) IsAhead(millis int64) bool {
	return millis > c.now()+dialect.ClockTolerance.Milliseconds()
}

// dated reports whether the age of the database's data is known.
func (c Clock) dated() bool { return c.behind >= 0 }

// ExcessLag is how far a read replica lags beyond what the config allows for: 0
// if it is not a replica, and not known if the lag is unknown.
func (c Clock) ExcessLag() (by time.Duration, known bool) {
	return time.Duration(max(c.behind-c.lag, 0)) * time.Millisecond, c.dated()
}

// Before returns the time on the database's clock at which a row that has waited for d
// began to wait. For a replica it is the time of its data; a caller checks first that this
// time is known.
func (c Clock) Before(d time.Duration) int64 {
	return c.now() - max(c.lag, c.behind) - d.Milliseconds()
}
