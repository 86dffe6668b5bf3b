package database

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/database/dialect/mysql"
	"github.com/lostorder/lostorder/internal/database/dialect/postgres"
	"github.com/lostorder/lostorder/internal/database/dialect/sqlite"
)

// engines are the kinds of databases. A new one is its folder under dialect and one line
// here.
var engines = []dialect.Engine{
	postgres.Engine,
	mysql.Engine,
	sqlite.Engine,
}

// dialectOf chooses the dialect by the scheme of the URL. It does not connect.
func dialectOf(c Config) (dialect.Dialect, error) {
	scheme, _, found := strings.Cut(c.URL.Reveal(), ":")
	if !found {
		return nil, dialect.ErrNoURL
	}
	var known []string
	for _, e := range engines {
		if name := strings.ToLower(scheme); slices.Contains(e.Schemes, name) || slices.Contains(e.Aliases, name) {
			return e.New(dialect.Settings{
				URL: c.URL, TimeZone: c.TimeZone, ReadReplicaLag: c.ReadReplicaLag, StatementTimeout: c.StatementTimeout,
				ConnectTimeout: c.ConnectTimeout, ScanLimit: c.ScanLimit,
			})
		}
		known = append(known, e.Schemes...)
	}
	return nil, fmt.Errorf("the scheme %q is not one of %s", printable(scheme), strings.Join(known, ", "))
}

// printable keeps what may be a whole secret out of a message.
func printable(scheme string) string {
	if len(scheme) > 12 || strings.ContainsFunc(scheme, func(r rune) bool { return r < 'A' || r > 'z' }) {
		return "…"
	}
	return scheme
}

// ErrNoTime is what errors.Is finds in the error about a column that holds no time.
var ErrNoTime = errors.New("holds no time")

// NoMoments is the error about a column that holds no time.
func NoMoments(t *Table, c Column) error {
	return fmt.Errorf("column %s of table %s is of type %s, which %w; name a timestamp, or a number of seconds or milliseconds since 1970", c.Name, t, c.Type, ErrNoTime)
}

var errNotAsked = errors.New("not asked, because the error before it ended the transaction")
