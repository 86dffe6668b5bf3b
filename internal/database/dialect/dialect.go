// Package dialect holds what differs between databases: one interface, and the words
// that it uses. Each engine is a package below this one. Everything else reads all
// databases alike and never asks which one it has.
//
// A new engine is one folder here and one line in the list of engines in package
// database.
package dialect

import (
	"context"
	"database/sql"
	"time"

	"github.com/lostorder/lostorder/internal/config"
)

// Engine is one kind of database.
type Engine struct {
	// Schemes of the URLs by which a config chooses the engine. Aliases also work, but
	// no message lists them.
	Schemes, Aliases []string
	// New sets up a database without connecting to it.
	New func(Settings) (Dialect, error)
}

// Settings is what an engine needs to know from the config of a database.
type Settings struct {
	URL              config.Secret
	TimeZone         string
	ReadReplicaLag   config.Duration
	StatementTimeout config.Duration
	ConnectTimeout   config.Duration
	ScanLimit        int
}

// Dialect is what differs between databases. One value serves one database.
type Dialect interface {
	Connector
	Catalog
	Syntax
	Comparison
}

// Connector connects to the database.
type Connector interface {
	// Name is the name of the product, such as MariaDB.
	Name() string
	// Location names the server and the database without credentials.
	Location() string
	// Server identifies the server, so that all databases on it share its connections.
	// It is empty for a database without a server.
	Server() string
	// Secrets must not appear in any error.
	Secrets() []string
	// Traits says how the database behaves.
	Traits() Traits
	// Open returns a pool that has not connected yet.
	Open() (*sql.DB, error)
	// Begin starts a READ ONLY transaction with its limits on a connection.
	Begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, Session, error)
	// Explain says in plain words what an error of the driver means. The query is nil
	// when the error is not about one. It returns false for an unknown error.
	Explain(err error, q *Query, user string) (Problem, bool)
}

// Traits is how a database behaves where that matters to everything that reads it.
type Traits struct {
	// NoTimeZones says why time_zone does not apply; empty where it does.
	NoTimeZones string
	// ErrorsAbort: after an error the transaction accepts no more queries.
	ErrorsAbort bool
	// EndsStatements: the server ends a statement that exceeds the statement timeout.
	EndsStatements bool
	// IndexPrice is what an index costs beyond the writes to it, as the end of a
	// sentence; often empty.
	IndexPrice string
	// HarmlessFunction is how the owner of a function that only reads says so, as the end of
	// a sentence; empty where the database has no word for it.
	HarmlessFunction string
}

// Session is what a transaction knows about the server.
type Session struct {
	User string // the user of the connection, for a GRANT
	// Now is the database's clock in milliseconds since the Unix epoch. It was asked for
	// at Sent and answered at Got, both on our clock. It is 0 for a database without a
	// clock of its own.
	Now       int64
	Sent, Got time.Time
	// Behind is how many milliseconds a read replica reports that it is behind, and
	// signal.Unknown where it cannot tell. Halted is why it does not follow its source.
	Behind int64
	Halted string
}

// Tx is a READ ONLY transaction, as an engine uses it.
type Tx interface {
	// Ask runs one query within the statement timeout and hands each row to scan. It
	// returns the error of the driver.
	Ask(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error
	// Names runs a query for one column of text.
	Names(ctx context.Context, query string, args ...any) ([]string, error)
	// Exec runs a statement that changes nothing but the transaction itself.
	Exec(ctx context.Context, statement string) error
	// Abort notes that the database refuses every further query of the transaction.
	Abort()
	// User is the user of the connection.
	User() string
}

// Catalog describes tables and plans.
type Catalog interface {
	// Describe finds a table. It returns nil when there is none of that name. Next to an
	// error it may return the table that the error is about.
	Describe(ctx context.Context, tx Tx, schema, name string) (*Table, error)
	// Tables lists the names of tables for a message, at most a few hundred.
	Tables(ctx context.Context, tx Tx) ([]string, error)
	// IsView reports whether a table is a view.
	IsView(ctx context.Context, tx Tx, t *Table) (bool, error)
	// Plan lists what a query would read without an index that leads to the rows.
	Plan(ctx context.Context, tx Tx, q Query) ([]Scan, error)
	// EstimateRows is about how many rows a table has, 0 where that is not known.
	EstimateRows(ctx context.Context, tx Tx, t *Table) (int64, error)
}

// Syntax writes SQL.
type Syntax interface {
	// Quote quotes an identifier.
	Quote(identifier string) string
	// Value writes a text into a query, as a literal or as a placeholder.
	Value(v string, args *[]any) string
	// Print writes a text as a literal, for a query that a person runs.
	Print(v string) string
	// Literal writes what Text made of a value of a column as such a value again.
	Literal(c Column, text string, args *[]any) string
	// Text is an expression for a column as text. Binary columns are in hex.
	Text(c Column) string
	// Millis is an expression for a column of time in milliseconds since the Unix epoch,
	// NULL where it holds no time. It returns false for a type that cannot hold time.
	Millis(c Column) (string, bool)
	// Moments is how moments of a column are compared at the lowest cost. It returns
	// false as Millis does.
	Moments(c Column) (Moments, bool)
	// Raw is an expression for a column as the database writes it, and FromRaw turns that
	// text into a value of the column again.
	Raw(c Column) string
	FromRaw(c Column, raw string, args *[]any) string
	// Beyond holds for rows whose columns are more or less than a position, as Raw writes
	// it; than is " > " or " < ".
	Beyond(columns []Column, than string, position []string, args *[]any) string
	// Distinct is a query for the values of a column that costs one step in an index for
	// each value. ORDER BY and LIMIT are part of it.
	Distinct(t *Table, c Column, limit int) string
	// Fold returns the same text for two texts of a column between which = holds.
	Fold(c Column, text string) string
	// CreateIndex is the statement that creates an index.
	CreateIndex(x Index) string
	// Grant is the statement that lets a user read the named columns of a table, or all
	// of it when none are named. It is empty for a database without users.
	Grant(t *Table, user string, columns ...string) string
}

// Moments is how moments are compared.
type Moments struct {
	Expression string                         // NULL where it is no time
	Millis     func(expression string) string // an expression for the milliseconds of one
	At         func(millis int64) string      // writes one
}

// Comparison is what a dialect has to know to compare rows with those of another
// database.
type Comparison interface {
	// Form is what a column holds.
	Form(c Column) Form
	// Canonical is an expression for the text of a column in a form; NULL stays NULL.
	Canonical(c Column, f Form) string
	// Concat is an expression for texts as one text, with Separator between them.
	Concat(parts []string) string
	// OrNull is a text, or NullMark for NULL.
	OrNull(text string) string
	// Hash is an expression for a whole number of 40 bits made from a text. The sum of
	// eight million of them has no more than 63 bits.
	Hash(text string) string
	// Sum is the sum of such numbers, 0 for none.
	Sum(number string) string
	// Exact makes a text differ from every other, whatever its collation is.
	Exact(text string) string
	// KeyValue writes a value that Canonical read from a column. It returns false for one
	// that the column cannot hold.
	KeyValue(c Column, f Form, v string, args *[]any) (string, bool)
	// KeySpellings are all ways in which the column may hold the value: a UUID that is
	// kept as text may be written in several.
	KeySpellings(c Column, f Form, v string, args *[]any) []string
	// Lowest is a value that no other of the column is below.
	Lowest(c Column) string
	// RowsCompare reports whether an index on a and b leads to (a, b) >= (1, 2), and
	// RowsEnd whether reading it also stops at (a, b) < (1, 2), and not where a = 1 ends.
	RowsCompare() bool
	RowsEnd() bool
}

// Separator stands between the values of what is hashed, and NullMark for NULL: two
// control characters that no key holds.
const (
	NullMark  = 30
	Separator = 31
)

// LockTimeout is how long a query waits for a lock. Only a change of the table's
// structure makes it wait, and then others queue up behind us.
const LockTimeout = time.Second

// ClockTolerance is how far two clocks may differ, or a replica may be behind, before
// that is worth a warning.
const ClockTolerance = 5 * time.Second
