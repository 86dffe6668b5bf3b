// Package postgres reads PostgreSQL, directly or through PgBouncer.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Engine is PostgreSQL.
var Engine = dialect.Engine{Schemes: []string{"postgres"}, Aliases: []string{"postgresql"}, New: newServer}

// server is one database on a server, or behind PgBouncer.
type server struct {
	config   dialect.Settings
	settings *pgx.ConnConfig
	conns    connections
}

func newServer(s dialect.Settings) (dialect.Dialect, error) {
	u, err := dialect.ParseURL(s.URL.Reveal())
	if err != nil {
		return nil, err
	}
	settings, err := pgx.ParseConfig(u.String())
	if err != nil {
		var cause interface{ Unwrap() error }
		if errors.As(err, &cause) && cause.Unwrap() != nil {
			err = cause.Unwrap() // without the URL before it
		}
		return nil, fmt.Errorf("not a PostgreSQL URL: %s", dialect.Scrub(err.Error(), dialect.Credentials(u)))
	}
	// Unnamed statements, so that a pooler may change servers between transactions.
	settings.DefaultQueryExecMode = pgx.QueryExecModeExec
	settings.ConnectTimeout = time.Duration(s.ConnectTimeout)
	settings.RuntimeParams["application_name"] = "lostorder"
	settings.RuntimeParams[readOnlyDefault] = "on"
	settings.MaxProtocolMessageBodyLen = largestMessage
	d := &server{config: s, settings: settings}
	if settings.RequireAuth == "" && !d.encrypts() {
		settings.RequireAuth = "!password" // in clear; who wants it writes require_auth
	}
	return d, nil
}

// largestMessage bounds one row of an answer, or one error. A server may announce 2 GB.
const largestMessage = 64 << 20

// encrypts reports whether every way to connect is encrypted.
func (d *server) encrypts() bool {
	return d.settings.TLSConfig != nil && !slices.ContainsFunc(d.settings.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil })
}

// Exposed says how to encrypt the password, or what is made from it.
func (d *server) Exposed() string {
	if d.settings.Password == "" || d.encrypts() || dialect.IsLocal(d.settings.Host) {
		return ""
	}
	return "add sslmode=verify-full to its url"
}

// readOnlyDefault makes even a statement outside of our transactions read-only.
const readOnlyDefault = "default_transaction_read_only"

func (*server) Name() string { return "PostgreSQL" }

func (*server) Traits() dialect.Traits {
	return dialect.Traits{
		ErrorsAbort: true, EndsStatements: true,
		IndexPrice:       "such updates are no longer HOT, so vacuum has more to do",
		HarmlessFunction: ", or, where the function is yours and only reads, declare it STABLE",
	}
}

func (d *server) Location() string {
	return fmt.Sprintf("PostgreSQL database %s at %s", d.settings.Database, d.Server())
}

func (d *server) Server() string {
	return net.JoinHostPort(d.settings.Host, strconv.Itoa(int(d.settings.Port)))
}

func (d *server) Secrets() []string {
	u, err := url.Parse(d.config.URL.Reveal())
	if err != nil {
		return []string{d.settings.Password}
	}
	return append(dialect.Credentials(u), d.settings.Password)
}

func (d *server) Open() (*sql.DB, error) {
	d.conns.dial = d.settings.DialFunc
	d.settings.DialFunc = pgconn.DialFunc(dialect.Bounded(dialect.Linger(d.conns.Dial, 0)))
	return sql.OpenDB(poolerConnector{stdlib.GetConnector(*d.settings), stdlib.GetConnector(d.forPooler())}), nil
}

// Ended is closed when the driver has cancelled the query of a connection that was cut.
func (*server) Ended(conn any) <-chan struct{} {
	return conn.(*stdlib.Conn).Conn().PgConn().CleanupDone()
}

// forPooler are settings without what PgBouncer refuses to pass on. The
// transaction is READ ONLY all the same.
func (d *server) forPooler() pgx.ConnConfig {
	plain := *d.settings.Copy()
	delete(plain.RuntimeParams, readOnlyDefault)
	return plain
}

// closing cuts what still hangs when the pool was closed: the driver would wait
// for a server that does not answer.
func (d *server) Closing() func() { return d.conns.closing(time.Second / 2) }

// begin starts the transaction and, in one further round trip, sets its limits
// and asks for the time. The planner has to use an index wherever there is one: at
// a backlog, which is when the answer matters most, it would rather read the whole table.
func (d *server) Begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, dialect.Session, error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, dialect.Session{}, err
	}
	limit := strconv.FormatInt(time.Duration(d.config.StatementTimeout).Milliseconds(), 10)
	settings := [][2]string{
		{"statement_timeout", limit},
		{"lock_timeout", strconv.FormatInt(min(time.Duration(d.config.StatementTimeout), dialect.LockTimeout).Milliseconds(), 10)},
		{"idle_in_transaction_session_timeout", limit},
		{"max_parallel_workers_per_gather", "0"},
		{"jit", "off"},
		{"enable_seqscan", "off"},
		{"enable_bitmapscan", "off"},
		{"enable_sort", "off"},
	}
	if d.config.TimeZone != "" {
		settings = append(settings, [2]string{"timezone", d.config.TimeZone})
	}
	var set []string
	var args []any
	for _, s := range settings {
		args = append(args, s[0], s[1])
		set = append(set, fmt.Sprintf("set_config($%d, $%d, true)", len(args)-1, len(args)))
	}
	s := dialect.Session{Sent: time.Now()}
	var readOnly, done string
	err = tx.QueryRowContext(ctx, "SELECT current_user::text, current_setting('transaction_read_only'), (extract(epoch FROM clock_timestamp()) * 1000)::bigint, "+
		behind+", "+strings.Join(set, " || "), args...).Scan(&s.User, &readOnly, &s.Now, &s.Behind, &done)
	s.Got = time.Now()
	if err == nil && readOnly != "on" {
		err = errors.New("the server did not make the transaction READ ONLY")
	}
	if err != nil {
		_ = tx.Rollback()
		return nil, dialect.Session{}, err
	}
	return tx, s, nil
}

// behind is how many milliseconds ago what a standby has replayed last was
// committed. One that has replayed all that it received is not behind, unless
// nothing is sent to it; then it cannot know.
const behind = `CASE WHEN pg_is_in_recovery() AND (pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn() OR (pg_stat_get_wal_receiver()).pid IS NULL)
	THEN greatest(coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000, 0), 0)::bigint ELSE 0 END`
