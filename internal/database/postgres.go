package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const postgresName = "PostgreSQL"

// postgres reads PostgreSQL, directly or through PgBouncer.
type postgres struct {
	config   Config
	settings *pgx.ConnConfig
	conns    connections
}

func newPostgres(c Config) (dialect, error) {
	u, err := parseURL(c.URL.Reveal())
	if err != nil {
		return nil, err
	}
	settings, err := pgx.ParseConfig(u.String())
	if err != nil {
		var cause interface{ Unwrap() error }
		if errors.As(err, &cause) && cause.Unwrap() != nil {
			err = cause.Unwrap() // without the URL before it
		}
		return nil, fmt.Errorf("not a PostgreSQL URL: %s", scrub(err.Error(), credentials(u)))
	}
	// Unnamed statements, so that a pooler may change servers between transactions.
	settings.DefaultQueryExecMode = pgx.QueryExecModeExec
	settings.ConnectTimeout = c.connectTimeout()
	settings.RuntimeParams["application_name"] = "lostorder"
	settings.RuntimeParams[readOnlyDefault] = "on"
	return &postgres{config: c, settings: settings}, nil
}

// readOnlyDefault makes even a statement outside of our transactions read-only.
const readOnlyDefault = "default_transaction_read_only"

func (*postgres) name() string { return postgresName }

func (d *postgres) where() string {
	return fmt.Sprintf("PostgreSQL database %s at %s", d.settings.Database, net.JoinHostPort(d.settings.Host, strconv.Itoa(int(d.settings.Port))))
}

func (d *postgres) secrets() []string {
	u, err := url.Parse(d.config.URL.Reveal())
	if err != nil {
		return []string{d.settings.Password}
	}
	return append(credentials(u), d.settings.Password)
}

// credentials are the password of a URL, also as it is written there, and the
// whole of its userinfo.
func credentials(u *url.URL) []string {
	if u.User == nil {
		return nil
	}
	password, set := u.User.Password()
	if !set {
		return nil
	}
	text := u.User.String()
	_, escaped, _ := strings.Cut(text, ":")
	return []string{password, escaped, text, u.User.Username() + ":" + password, u.Query().Get("password")}
}

func (d *postgres) open() (*sql.DB, error) {
	d.conns.dial = d.settings.DialFunc
	d.settings.DialFunc = d.conns.Dial
	return sql.OpenDB(poolerConnector{stdlib.GetConnector(*d.settings), stdlib.GetConnector(d.forPooler())}), nil
}

// forPooler are settings without what PgBouncer refuses to pass on. The
// transaction is READ ONLY all the same.
func (d *postgres) forPooler() pgx.ConnConfig {
	plain := *d.settings.Copy()
	delete(plain.RuntimeParams, readOnlyDefault)
	return plain
}

// closing cuts what still hangs when the pool was closed: the driver would wait
// for a server that does not answer.
func (d *postgres) closing() func() { return d.conns.closing(time.Second / 2) }

// begin starts the transaction and, in one further round trip, sets its limits
// and asks for the time. The planner is told to take an index wherever there is
// one: at a backlog it would rather read the whole table, which is when the
// answer matters most.
func (d *postgres) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, session, error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, session{}, err
	}
	limit := strconv.FormatInt(d.config.statementTimeout().Milliseconds(), 10)
	settings := [][2]string{
		{"statement_timeout", limit},
		{"lock_timeout", strconv.FormatInt(min(d.config.statementTimeout(), lockTimeout).Milliseconds(), 10)},
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
	s := session{sent: time.Now()}
	var readOnly, done string
	err = tx.QueryRowContext(ctx, "SELECT current_user::text, current_setting('transaction_read_only'), (extract(epoch FROM clock_timestamp()) * 1000)::bigint, "+
		behind+", "+strings.Join(set, " || "), args...).Scan(&s.user, &readOnly, &s.now, &s.behind, &done)
	s.got = time.Now()
	if err == nil && readOnly != "on" {
		err = errors.New("the server did not make the transaction READ ONLY")
	}
	if err != nil {
		_ = tx.Rollback()
		return nil, session{}, err
	}
	return tx, s, nil
}

// behind is how many milliseconds ago what a standby has replayed last was
// committed. One that has replayed all that it received is not behind, unless
// nobody sends it anything; then it cannot know.
const behind = `CASE WHEN pg_is_in_recovery() AND (pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn() OR (pg_stat_get_wal_receiver()).pid IS NULL)
	THEN greatest(coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000, 0), 0)::bigint ELSE 0 END`

// lockTimeout is how long a query waits for a lock: only a change of the table's
// structure makes it wait, and then others queue up behind us.
const lockTimeout = time.Second

// connections are the connections of one database, so that those that hang can be
// cut.
type connections struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu   sync.Mutex
	end  context.Context
	stop context.CancelFunc
}

func (c *connections) context() (context.Context, context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.end, c.stop = context.WithCancel(context.Background())
	}
	return c.end, c.stop
}

// Dial connects, and has the connection cut at the end.
func (c *connections) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	end, _ := c.context()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(end, cancel)()
	conn, err := c.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	cut := context.AfterFunc(end, func() { _ = conn.Close() })
	return &connection{conn, cut}, nil
}

// closing begins to cut connections after a while, and returns what cuts them at
// once.
func (c *connections) closing(after time.Duration) func() {
	_, stop := c.context()
	timer := time.AfterFunc(after, stop)
	return func() {
		timer.Stop()
		stop()
	}
}

// connection is one that is cut at the end.
type connection struct {
	net.Conn
	forget func() bool
}

// Close closes the connection.
func (c *connection) Close() error {
	c.forget()
	return c.Conn.Close()
}
