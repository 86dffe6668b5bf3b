package database

import "time"

// Scrub is scrub.
var Scrub = scrub

// SkewedClock is a clock of a database that is ahead of ours, as measured over a
// round trip.
func SkewedClock(ahead, roundTrip, lag time.Duration) Clock {
	got := time.Now()
	sent := got.Add(-roundTrip)
	return newClock(session{now: sent.Add(roundTrip / 2).Add(ahead).UnixMilli(), sent: sent, got: got}, lag)
}

// Instant is instant.
func (c Clock) Instant(millis int64) time.Time { return c.instant(millis).Time() }

// Name, Before and Forget reach what sources do not need.
func (c Clock) Before(d time.Duration) time.Time { return time.UnixMilli(c.before(d)) }

// Forget makes the database look at plans again, as it does each hour.
func (db *DB) Forget() { db.forget() }

// Decimal is decimal.
var Decimal = decimal
