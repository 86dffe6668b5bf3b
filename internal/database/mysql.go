package database

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
)

const mysqlName = "MySQL"

// mysql reads MySQL and MariaDB, which differ in a few words.
type mysql struct {
	config   Config
	settings *driver.Config
	account  string // to which the server refused the database
	mariadb  bool   // as the server said when the last transaction began
	replica  replica
	// instrumented: performance_schema is on, as the server said when it was last asked.
	instrumented bool
}

func newMySQL(c Config) (dialect, error) {
	u, err := parseURL(c.URL.Reveal())
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
	if err := mysqlOptions(settings, u); err != nil {
		return nil, err
	}
	if u.Hostname() == "" && settings.Net == "tcp" {
		return nil, errors.New("not a MySQL URL: name the host, as in mysql://user:password@host:3306/database, or a socket with ?socket=/path")
	}
	settings.InterpolateParams = true // one round trip for each query
	settings.Timeout = c.connectTimeout()
	settings.ConnectionAttributes = "program_name:lostorder"
	settings.Logger = &driver.NopLogger{}
	return &mysql{config: c, settings: settings}, nil
}

// mysqlOptions reads what follows the question mark of the URL.
func mysqlOptions(settings *driver.Config, u *url.URL) error {
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

func (d *mysql) name() string {
	if d.mariadb {
		return "MariaDB"
	}
	return mysqlName
}

func (d *mysql) where() string {
	return fmt.Sprintf("MySQL database %s at %s", d.settings.DBName, d.settings.Addr)
}

func (d *mysql) secrets() []string {
	u, err := url.Parse(d.config.URL.Reveal())
	if err != nil {
		return []string{d.settings.Passwd}
	}
	return append(credentials(u), d.settings.Passwd)
}

func (d *mysql) open() (*sql.DB, error) {
	connector, err := driver.NewConnector(d.settings)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// begin sets the limits of the session and starts the transaction. Its isolation
// is set, too: with that of the server, SERIALIZABLE perhaps, a read could lock.
func (d *mysql) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, session, error) {
	s := session{sent: time.Now()}
	var version string
	err := conn.QueryRowContext(ctx, "SELECT version(), current_user(), timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) DIV 1000").Scan(&version, &s.user, &s.now)
	s.got = time.Now()
	if err != nil {
		return nil, s, err
	}
	d.mariadb = strings.Contains(version, "MariaDB")

	limit := d.config.statementTimeout()
	// From version 8 on the size of a table is that of now, and is not kept for others.
	set := fmt.Sprintf("SET SESSION max_execution_time = %d /*!80000 , information_schema_stats_expiry = 0 */", limit.Milliseconds())
	if d.mariadb {
		set = fmt.Sprintf("SET SESSION max_statement_time = %.3f", limit.Seconds())
	}
	// In whole seconds, of which one is the least.
	locks := int64(math.Max(1, min(limit, lockTimeout).Seconds()))
	set += fmt.Sprintf(", lock_wait_timeout = %d, innodb_lock_wait_timeout = %d", locks, locks)
	if zone := d.config.TimeZone; zone != "" {
		if strings.EqualFold(zone, "UTC") {
			zone = "+00:00" // which needs no tables of zones
		}
		set += ", time_zone = " + d.literal(zone)
	}
	if _, err := conn.ExecContext(ctx, set); err != nil {
		return nil, s, err
	}
	// Before the picture is taken, so that the picture is not older than what is said of it.
	if err := d.lag(ctx, conn, &s); err != nil {
		return nil, s, err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	return tx, s, err
}

// literal is for words that hold neither backslash nor quote in earnest.
func (*mysql) literal(v string) string {
	return "'" + strings.NewReplacer(`\`, "", "'", "").Replace(v) + "'"
}
