//go:build integration

package databasetest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

var (
	postgres, mariadb, itself = kind{"postgres", Postgres}, kind{"mariadb", MariaDB}, kind{"mysql", MySQL}

	servers    = []kind{postgres, mariadb}
	mysqls     = []kind{itself}
	mysqlPairs = [][2]kind{{itself, postgres}, {mariadb, itself}}
)

// address is the URL of a real server, and fails the test when there is none.
func address(t testing.TB, name, part string) *url.URL {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		t.Fatalf("%s is not set: run test/parts/run --parts=%s go test -tags=integration …, or set it to a server of your own", name, part)
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("%s is not a URL", name)
	}
	return u
}

// password has characters that a URL has to escape.
const password = "wat ch:er/s@ecret-%41"

// Postgres makes a database of its own on $POSTGRES_URL, and a user that may
// connect to it.
func Postgres(t testing.TB) *Shop {
	t.Helper()
	u := address(t, "POSTGRES_URL", "postgres")
	name := fmt.Sprintf("lostorder_%d", rand.Uint64())
	server := openDB(t, "pgx", u.String())
	mustRun(t, server, "CREATE DATABASE "+name, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", name, password))
	t.Cleanup(func() {
		mustRun(t, server, "DROP DATABASE "+name+" WITH (FORCE)", "DROP ROLE "+name)
	})
	own := *u
	own.Path = "/" + name
	reader := own
	reader.User = url.UserPassword(name, password)
	s := &Shop{Kind: "postgres", URL: reader.String(), User: name, Password: password, Addr: u.Host, Time: "timestamptz", Key: "text"}
	s.Admin = openDB(t, "pgx", own.String())
	return s
}

// MariaDB makes a database of its own on $MARIADB_URL, and a user without rights.
func MariaDB(t testing.TB) *Shop {
	t.Helper()
	return schema(t, address(t, "MARIADB_URL", "mariadb"), "mariadb")
}

// MySQL makes a database of its own on $MYSQL_URL, and a user without rights.
func MySQL(t testing.TB) *Shop {
	t.Helper()
	s := schema(t, address(t, "MYSQL_URL", "mysql"), "mysql")
	s.MySQL = true
	return s
}

func schema(t testing.TB, u *url.URL, scheme string) *Shop {
	t.Helper()
	name := fmt.Sprintf("lostorder_%d", rand.Uint64())
	settings := mysql.NewConfig()
	settings.User = u.User.Username()
	settings.Passwd, _ = u.User.Password()
	settings.Net, settings.Addr, settings.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	settings.Logger = &mysql.NopLogger{}
	server := openDB(t, "mysql", settings.FormatDSN())
	mustRun(t, server, "CREATE DATABASE "+name, fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s'", name, password))
	t.Cleanup(func() {
		mustRun(t, server, "DROP DATABASE "+name, fmt.Sprintf("DROP USER '%s'@'%%'", name))
	})
	settings.DBName = name
	reader := url.URL{Scheme: scheme, User: url.UserPassword(name, password), Host: u.Host, Path: "/" + name}
	s := &Shop{Kind: "mariadb", URL: reader.String(), User: name, Password: password, Addr: u.Host, Time: "datetime(3)", Key: "varchar(40)"}
	s.Admin = openDB(t, "mysql", settings.FormatDSN())
	return s
}

func openDB(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func mustRun(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := db.Exec(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
