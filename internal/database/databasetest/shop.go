// Package databasetest makes databases for tests: a fresh one for each test, with
// a user that may read what it is granted and nothing else.
package databasetest

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// Shop is a database of a test.
type Shop struct {
	Kind     string  // postgres, mariadb or sqlite: MySQL, too, is of the kind mariadb, whose SQL it speaks
	MySQL    bool    // and this says where it does not
	Admin    *sql.DB // may do everything
	URL      string  // of the user that watches, for the config
	User     string  // the user that watches; empty for SQLite
	Password string  // of that user
	Addr     string  // host:port; empty for SQLite
	Path     string  // of the file; empty for servers
	Time     string  // the type of a column of moments
	Key      string  // the type of a short text that may be indexed
}

// SQLite makes a file in WAL mode, and keeps it open as a live application does.
func SQLite(t testing.TB) *Shop {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	return openFile(t, path, "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
}

// Reopen opens the file of a shop once more, as an application that starts again.
func Reopen(t testing.TB, s *Shop) *Shop {
	t.Helper()
	return openFile(t, s.Path, "?_pragma=busy_timeout(5000)")
}

func openFile(t testing.TB, path, options string) *Shop {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &Shop{Kind: "sqlite", Admin: db, URL: "sqlite://" + path, Path: path, Time: "TEXT", Key: "TEXT"}
}

// Run runs statements as the administrator.
func (s *Shop) Run(t testing.TB, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := s.Admin.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// Grant lets the user that watches read columns of a table; none is all of it.
func (s *Shop) Grant(t testing.TB, table string, columns ...string) {
	t.Helper()
	what := "SELECT"
	if len(columns) > 0 {
		what += " (" + strings.Join(columns, ", ") + ")"
	}
	if s.Kind != "sqlite" {
		s.Run(t, fmt.Sprintf("GRANT %s ON %s TO %s", what, table, s.Reader()))
	}
}

// Ago is an expression for the moment before now, on the clock of the test.
func (s *Shop) Ago(d time.Duration) string {
	at := time.Now().Add(-d)
	switch s.Kind {
	case "postgres":
		return fmt.Sprintf("to_timestamp(%.3f)", float64(at.UnixMilli())/1000)
	case "mariadb":
		return fmt.Sprintf("from_unixtime(%.3f)", float64(at.UnixMilli())/1000)
	default:
		return "'" + at.UTC().Format("2006-01-02 15:04:05.000") + "'"
	}
}

// Many is a FROM that gives n rows with a column i from 1 to n.
func (s *Shop) Many(n int) string {
	switch s.Kind {
	case "postgres":
		return fmt.Sprintf("generate_series(1, %d) AS many(i)", n)
	case "mariadb":
		if s.MySQL {
			return fmt.Sprintf("json_table(concat('[', repeat('0,', %d), '0]'), '$[*]' COLUMNS (i FOR ORDINALITY)) AS many", n-1)
		}
		return fmt.Sprintf("(SELECT seq AS i FROM seq_1_to_%d) AS many", n)
	default:
		return fmt.Sprintf("(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) SELECT i FROM c) AS many", n)
	}
}

// Analyse brings the server's estimates up to date.
func (s *Shop) Analyse(t testing.TB, table string) {
	t.Helper()
	switch s.Kind {
	case "postgres":
		s.Run(t, "ANALYZE "+table)
	case "mariadb":
		s.Run(t, "ANALYZE TABLE "+table)
	}
}

// At is the URL with another address, that of a proxy.
func (s *Shop) At(addr string) string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.URL
	}
	u.Host = addr
	return u.String()
}

// As is the URL with another user and password.
func (s *Shop) As(user, password string) string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.URL
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

// Reader is the user that watches, as GRANT and REVOKE name it.
func (s *Shop) Reader() string {
	if s.Kind == "mariadb" {
		return "'" + s.User + "'@'%'"
	}
	return s.User
}

// Quoted is a name that would be a word of SQL without quotes.
func (s *Shop) Quoted(name string) string {
	if s.Kind == "mariadb" {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}
