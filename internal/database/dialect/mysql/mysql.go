// Package mysql reads MySQL and MariaDB.
package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Engine is MySQL and MariaDB, which differ in a few words.
var Engine = dialect.Engine{Schemes: []string{"mysql", "mariadb"}, New: newServer}

// settle is how long MySQL and MariaDB take to stop counting a connection that they closed.
const settle = 20 * time.Millisecond

// server is one database on a server.
type server struct {
	config   dialect.Settings
	settings *driver.Config
	refused  string          // the account to which the server refused the database
	absent   map[string]bool // tables that the server said do not exist
	mariadb  bool            // as the server said when the last transaction began
	replica  replica
	// instrumented: performance_schema is on, as the server said when it was last asked.
	instrumented bool
}

func newServer(s dialect.Settings) (dialect.Dialect, error) {
	u, err := dialect.ParseURL(s.URL.Reveal())
	if err != nil {
		return nil, err
	}
	settings := driver.NewConfig()
	settings.User = u.User.Username()
	settings.Passwd, _ = u.User.Password()
	settings.DBName = strings.TrimPrefix(u.Path, "/")
	if settings.DBName == "" || strings.Contains(settings.DBName, "/") {
		return nil, errors.New("not a MySQL URL: name one database, as in mysql://user:password@host:3306/database")
	}
	settings.Net, settings.Addr = "tcp", u.Host
	if u.Port() == "" {
		settings.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	if err := readOptions(settings, u); err != nil {
		return nil, err
	}
	if u.Hostname() == "" && settings.Net == "tcp" {
		return nil, errors.New("not a MySQL URL: name the host, as in mysql://user:password@host:3306/database, or a socket with ?socket=/path")
	}
	settings.DialFunc = countColumns(dialect.Bounded(dialect.Linger((&net.Dialer{}).DialContext, settle)))
	settings.InterpolateParams = true // one round trip for each query
	settings.Timeout = time.Duration(s.ConnectTimeout)
	settings.ConnectionAttributes = "program_name:lostorder"
	settings.Logger = &driver.NopLogger{}
	return &server{config: s, settings: settings, absent: map[string]bool{}}, nil
}

// readOptions reads what follows the question mark of the URL.
func readOptions(settings *driver.Config, u *url.URL) error {
	settings.TLSConfig = "preferred"
	ca := ""
	for name, values := range u.Query() {
		value := values[len(values)-1]
		switch name {
		case "tls":
			switch value {
			case "true", "false", "skip-verify", "preferred":
			default:
				return errors.New("the option tls is one of true, false, skip-verify and preferred")
			}
			settings.TLSConfig = value
		case "ca":
			ca = value
		case "socket":
			settings.Net, settings.Addr = "unix", value
		default:
			return fmt.Errorf("the option %q is not one of tls, ca, socket", name)
		}
	}
	if settings.Net == "unix" {
		settings.TLSConfig = "false"
	}
	if ca == "" {
		return nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return fmt.Errorf("read certificates of the option ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("there is no certificate in %s, which the option ca names", ca)
	}
	settings.TLS = &tls.Config{RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	return nil
}

func (d *server) Name() string {
	if d.mariadb {
		return "MariaDB"
	}
	return "MySQL"
}

func (d *server) Location() string {
	return fmt.Sprintf("MySQL database %s at %s", d.settings.DBName, d.settings.Addr)
}

func (d *server) Secrets() []string {
	u, err := url.Parse(d.config.URL.Reveal())
	if err != nil {
		return []string{d.settings.Passwd}
	}
	return append(dialect.Credentials(u), d.settings.Passwd)
}

// Exposed says how to encrypt the password, or what is made from it.
func (d *server) Exposed() string {
	host, _, _ := net.SplitHostPort(d.settings.Addr)
	if d.settings.Passwd == "" || d.settings.Net == "unix" || dialect.IsLocal(host) || d.settings.TLSConfig == "true" || d.settings.TLSConfig == "skip-verify" {
		return ""
	}
	return "add tls=true to its url"
}

func (d *server) Server() string { return d.settings.Net + "/" + d.settings.Addr }

func (*server) Traits() dialect.Traits { return dialect.Traits{EndsStatements: true} }

// Open gives each connection a copy of the settings. The driver changes them where the
// server offers no TLS, which would be a data race between connections, and would keep all
// later ones from using TLS.
func (d *server) Open() (*sql.DB, error) {
	settings := d.settings.Clone()
	if err := settings.Apply(driver.BeforeConnect(func(context.Context, *driver.Config) error { return nil })); err != nil {
		return nil, err
	}
	connector, err := driver.NewConnector(settings)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Begin sets the limits of the dialect.Session and starts the transaction. Its isolation
// is set, too: with that of the server, SERIALIZABLE perhaps, a read could lock.
func (d *server) Begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, dialect.Session, error) {
	s := dialect.Session{Sent: time.Now()}
	var version string
	err := conn.QueryRowContext(ctx, "SELECT version(), current_user(), timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) DIV 1000").Scan(&version, &s.User, &s.Now)
	s.Got = time.Now()
	if err != nil {
		return nil, s, err
	}
	d.mariadb = strings.Contains(version, "MariaDB")

	limit := time.Duration(d.config.StatementTimeout)
	// From version 8 on the size of a table is current, and not cached.
	set := fmt.Sprintf("SET SESSION max_execution_time = %d /*!80000 , information_schema_stats_expiry = 0 */", limit.Milliseconds())
	if d.mariadb {
		set = fmt.Sprintf("SET SESSION max_statement_time = %.3f", limit.Seconds())
	}
	// In whole seconds, at least one.
	locks := int64(math.Max(1, min(limit, dialect.LockTimeout).Seconds()))
	set += fmt.Sprintf(", lock_wait_timeout = %d, innodb_lock_wait_timeout = %d", locks, locks)
	if zone := d.config.TimeZone; zone != "" {
		if strings.EqualFold(zone, "UTC") {
			zone = "+00:00" // which needs no tables of zones
		}
		set += ", time_zone = " + literal(zone)
	}
	if _, err := conn.ExecContext(ctx, set); err != nil {
		return nil, s, err
	}
	// Before the snapshot is taken, so that the snapshot is not older than its lag.
	if err := d.lag(ctx, conn, &s); err != nil {
		return nil, s, err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	return tx, s, err
}

// literal writes words that have no reason to hold a backslash or a quote.
func literal(v string) string {
	return "'" + strings.NewReplacer(`\`, "", "'", "").Replace(v) + "'"
}
