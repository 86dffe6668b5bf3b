package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// dialect is what differs between databases.
type dialect interface {
	// name is what people call the database.
	name() string
	// where names the server and the database without credentials.
	where() string
	// secrets must not appear in any error.
	secrets() []string
	// open returns a pool that has not connected yet.
	open() (*sql.DB, error)
	// begin starts a READ ONLY transaction with its limits on a connection.
	begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, session, error)
	// describe finds a table; it is nil when there is none of that name. With an
	// error it may say which table the error is about.
	describe(ctx context.Context, r *Reading, schema, name string) (*Table, error)
	// tables lists the names of tables for a message, at most a few hundred.
	tables(ctx context.Context, r *Reading) ([]string, error)
	// view reports whether a table is none, but a query with a name.
	view(ctx context.Context, r *Reading, t *Table) (bool, error)
	// plan says which tables a query would read from end to end.
	plan(ctx context.Context, r *Reading, q query) ([]scan, error)
	// explain says in plain words what an error of the driver means; it returns
	// false for an error that it does not know.
	explain(err error, q *query, s session) (problem, bool)

	quote(identifier string) string
	// value writes a string into a query, as a literal or a placeholder.
	value(v string, args *[]any) string
	// text is an expression for a column as text, binary ones in hex.
	text(c Column) string
	// millis is an expression for a column of time as milliseconds since the Unix
	// epoch, NULL where it is no time; false for a type that holds no time.
	millis(c Column) (string, bool)
	// distinct is a query for the values of a column that costs one step in an index
	// for each value; the order by and the limit are its own.
	distinct(t *Table, c Column, limit int) string
	// same reports whether = holds between two texts of a column.
	same(c Column, a, b string) bool
	index(x index) string
	grant(t *Table, user string) string

	comparison
}

// session is what a transaction knows of the server.
type session struct {
	user string // who we are, for a GRANT
	// now is the database's clock in milliseconds since the Unix epoch, asked for at
	// sent and answered at got on our clock; 0 for a database without a clock of its own.
	now       int64
	sent, got time.Time
	// behind is how many milliseconds a read replica is behind, by what it says, and
	// signal.Unknown where it cannot say; halted is why it does not follow its source.
	behind int64
	halted string
}

// dialectOf chooses the dialect by the scheme of the URL. It does not connect.
func dialectOf(c Config) (dialect, error) {
	text := c.URL.Reveal()
	scheme, _, found := strings.Cut(text, ":")
	if !found {
		return nil, errors.New("not a URL; write for example postgres://user:password@host:5432/database")
	}
	switch strings.ToLower(scheme) {
	case "postgres", "postgresql":
		return newPostgres(c)
	case "mysql", "mariadb":
		return newMySQL(c)
	case "sqlite", "sqlite3":
		return newSQLite(c)
	}
	return nil, fmt.Errorf("the scheme %q is not one of postgres, mysql, mariadb, sqlite", printable(scheme))
}

// parseURL parses a URL without repeating it in the error, as net/url would. A
// password that is not escaped may end the host, and then looks like a port or a
// path.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	var escape url.EscapeError
	switch {
	case err == nil && (u.User != nil || !strings.Contains(text, "@")):
		return u, nil
	case err == nil, errors.As(err, &escape), strings.Contains(err.Error(), "userinfo"):
		return nil, errors.New("not a URL: a special character in the user or the password has to be escaped, for example @ as %40")
	case strings.Contains(err.Error(), "invalid port"):
		return nil, errors.New("not a URL: the port is not a number, or a special character in the user or the password is not escaped, as @ is by %40")
	}
	return nil, errors.New("not a URL; write for example postgres://user:password@host:5432/database")
}

// printable keeps what may be a whole secret out of a message.
func printable(scheme string) string {
	if len(scheme) > 12 || strings.ContainsFunc(scheme, func(r rune) bool { return r < 'A' || r > 'z' }) {
		return "…"
	}
	return scheme
}
