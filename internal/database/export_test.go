package database

import (
	"context"
	"database/sql"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// SkewedClock is a clock of a database that is ahead of ours, as measured over a
// round trip.
func SkewedClock(ahead, roundTrip, lag time.Duration) Clock {
	got := time.Now()
	sent := got.Add(-roundTrip)
	return newClock(dialect.Session{Now: sent.Add(roundTrip / 2).Add(ahead).UnixMilli(), Sent: sent, Got: got}, lag)
}

// Forget makes the database look at plans again, as it does each hour.
func (db *DB) Forget() { db.forget() }

// ReplicaClock is a clock of a replica that was asked once.
func ReplicaClock(behind, lag time.Duration, halted string) Clock {
	now := time.Now()
	return newClock(dialect.Session{Now: now.UnixMilli(), Sent: now, Got: now, Behind: behind.Milliseconds(), Halted: halted}, lag)
}

// Undated is what ReplicaClock takes for a lag that is not known.
const Undated = signal.Unknown * time.Millisecond

// Connection is the number that the server gave to the connection.
func (r *Reading) Connection(ctx context.Context) (number int64, err error) {
	text := "SELECT connection_id()"
	if r.dialect.Name() == "PostgreSQL" {
		text = "SELECT pg_backend_pid()"
	}
	err = r.ask(ctx, text, nil, func(rows *sql.Rows) error { return rows.Scan(&number) })
	return number, err
}

// Asked has a function be given each query of the reading; nil ends that.
func (r *Reading) Asked(fn func(text string)) { r.asked = fn }

// Ask runs a query of the test in the transaction of the reading.
func (r *Reading) Ask(ctx context.Context, text string, scan func(*sql.Rows) error) error {
	return r.ask(ctx, text, nil, scan)
}
