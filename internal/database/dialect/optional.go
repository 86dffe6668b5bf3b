package dialect

import (
	"context"
	"database/sql"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Closer is a Connector whose driver waits for a server that does not answer. Closing
// starts to cut its connections after a moment, and returns what cuts them at once.
type Closer interface {
	Closing() (cut func())
}

// Ender is a Connector whose driver cleans up in the background after a query that was cut
// short. Ended is closed when it has, and the server has ended the query.
type Ender interface {
	Ended(conn any) <-chan struct{}
}

// Mover is a Connector that has to connect again because what it read is no longer there.
// Moved is asked before each transaction.
type Mover interface {
	Moved() bool
}

// Pipeline is a dialect that accepts many queries at once and answers one after the other
// until one fails, which ends the transaction. It returns how many it answered.
type Pipeline interface {
	Send(ctx context.Context, conn *sql.Conn, questions []*Question) (answered int, err error)
}

// Hinter is a dialect in which a query can name the index to use. MariaDB and MySQL sort a
// whole table of some ten thousand rows to find the thousand latest, although an index has
// them in that order. SQLite reads a whole table in order rather than sort the few rows of a
// partial index.
type Hinter interface {
	// Indexes names the indexes of the table that begin with the columns, or that may hold
	// only the rows that are asked for. The database may use only some of them: an index may
	// be invisible.
	Indexes(ctx context.Context, tx Tx, t *Table, columns []string) ([]string, error)
	// Hint is what follows the table's name in FROM so that the server uses an index.
	Hint(index string) string
}

// Replica is a dialect whose read replicas tell how far they are behind only with a right.
// LagGrant is the statement that gives it, and why one might run it.
type Replica interface {
	LagGrant(user string) (why, grant string)
}

// Hider is a dialect that does not show a user what the user may not read.
type Hider interface {
	// Refused is the account to which the server refused the database, if it did.
	Refused() string
	// DefaultSchema is where a table is whose schema is not named.
	DefaultSchema() string
	// Absent reports whether the server said that there is no such table.
	Absent(t *Table) bool
}

// Origins is a dialect that tells every user whose data it shows.
type Origins interface {
	Origin(ctx context.Context, tx Tx) (signal.Origin, error)
}

// Horizon is where the transactions of a database stand: those below Ended have all ended,
// and those from Begun on had not begun.
type Horizon struct{ Ended, Begun int64 }

// Horizons is a dialect that tells every user where its transactions stand.
type Horizons interface {
	Horizon(ctx context.Context, tx Tx) (Horizon, error)
}

// Sorter is a dialect that is kept from sorting, so that it takes an index that has the order of
// a query. PlanSorted is Plan without that, and Sort allows it for what is asked next.
type Sorter interface {
	PlanSorted(ctx context.Context, tx Tx, q Query) ([]Scan, error)
	Sort(ctx context.Context, tx Tx, on bool) error
}

// Restricted is a dialect that may show a user only a part of the rows of a table, without an
// error.
type Restricted interface {
	// Hidden says what hides rows of a table, or of those that a view reads, from this user,
	// and returns the statement that shows them; both are empty where nothing does.
	Hidden(ctx context.Context, tx Tx, t *Table) (why, paste string, err error)
}

// Slots is a dialect with replication slots.
type Slots interface {
	// Slot reads a slot and its kind; it is nil when there is none of that name.
	Slot(ctx context.Context, tx Tx, name string) (*signal.LogReader, string, error)
	// SlotNames lists the slots that a relay can read.
	SlotNames(ctx context.Context, tx Tx) ([]string, error)
	// Inserted is how many rows were ever inserted into a table, rolled back or not.
	Inserted(ctx context.Context, tx Tx, t *Table) (signal.Count, error)
}

// Binlogs is a dialect with a binary log.
type Binlogs interface {
	// Binlog reads how far the server has written its binary log, and whether it sends it
	// to a user.
	Binlog(ctx context.Context, tx Tx, user string) (*Binlog, error)
	// BinlogGrants are the statements that show a user the readers of the log, and those that
	// show their progress; the latter are empty where the server does not keep count.
	BinlogGrants(user string) (needed, more string)
}

// Binlog is one reading of a binary log and of its readers.
type Binlog struct {
	Server  string       // identifies the server
	Files   []LogFile    // that the server still has, the oldest first
	Readers int          // threads that send the log to the user
	SentAll bool         // one of them has sent everything
	Sent    signal.Count // bytes sent on their connections, where none has sent all and the server knows
	Others  []string     // the other users that read it
	Kept    time.Duration
}

// LogFile is one file of a binary log.
type LogFile struct {
	Name string
	Size int64
}

// Functions is a dialect that knows which functions are harmless: they lock nothing, write
// nothing and wait for nothing. Unsafe returns those of the calls that are not known to be,
// each with what is known of it.
type Functions interface {
	Unsafe(ctx context.Context, tx Tx, calls []Call) ([]string, error)
}

// Exposer is a dialect whose password may cross a network. Exposed says what to set so that
// it cannot; it is empty where it is encrypted, or does not leave this machine.
type Exposer interface {
	Exposed() string
}

// Rights is a dialect with users. Excess lists the rights of the user that go beyond
// reading.
type Rights interface {
	Excess(ctx context.Context, tx Tx) ([]string, error)
}
