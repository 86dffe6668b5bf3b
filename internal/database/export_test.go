package database

import (
	"context"
	"database/sql"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/lostorder/lostorder/internal/signal"
)

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

// ReplicaClock is a clock of a replica that was asked once.
func ReplicaClock(behind, lag time.Duration, halted string) Clock {
	now := time.Now()
	return newClock(session{now: now.UnixMilli(), sent: now, got: now, behind: behind.Milliseconds(), halted: halted}, lag)
}

// Undated is what ReplicaClock takes for a lag that nobody can tell.
const Undated = signal.Unknown * time.Millisecond

// Follower is follows, asked at moments of its own clock.
type Follower struct{ follows }

// Ask has it say something of each of its channels.
func (f *Follower) Ask(at time.Duration, channels ...map[string]string) (behind time.Duration, halted string) {
	var all []channel
	for _, row := range channels {
		if c, ok := newChannel(row); ok {
			all = append(all, c)
		}
	}
	millis, halted := f.judge(all, at.Milliseconds())
	return time.Duration(millis) * time.Millisecond, halted
}

// ExplainMySQL is what an error of a server of MySQL means, in database shop.
func ExplainMySQL(number uint16, message string) string {
	d := &mysql{settings: &driver.Config{DBName: "shop", User: "watcher"}}
	p, _ := d.explain(&driver.MySQLError{Number: number, Message: message}, nil, session{})
	return p.text
}

// Connection is the number that the server gave to the connection.
func (r *Reading) Connection(ctx context.Context) (number int64, err error) {
	text := "SELECT connection_id()"
	if r.dialect.name() == postgresName {
		text = "SELECT pg_backend_pid()"
	}
	err = r.ask(ctx, text, nil, func(rows *sql.Rows) error { return rows.Scan(&number) })
	return number, err
}

// Ask runs a query of the test in the transaction of the reading.
func (r *Reading) Ask(ctx context.Context, text string, scan func(*sql.Rows) error) error {
	return r.ask(ctx, text, nil, scan)
}
