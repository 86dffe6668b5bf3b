//go:build integration

package faults_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

const secret = "watch-secret"

// postgres is a PostgreSQL with an outbox whose oldest row waits.
type postgres struct {
	*server
	dir   string
	as    *syscall.SysProcAttr
	admin *sql.DB
}

func newPostgres(t *testing.T, more ...string) *postgres {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		t.Fatal("there is no PostgreSQL in /usr/lib/postgresql: run test/parts/run --parts=postgres go test …")
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, as := folder(t, "postgres")
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(secret), 0o644); err != nil { //nolint:gosec // the server's user reads it
		t.Fatal(err)
	}
	p := &postgres{dir: dir, as: as, server: &server{t: t, name: "PostgreSQL", target: "outbox/relay", addr: freePort(t)}}
	finish(t, as, exec.Command(filepath.Join(bin, "initdb"), "--pgdata="+p.data(), "--username=admin", "--pwfile="+password, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"))
	p.command = func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "postgres"), append([]string{"-D", p.data(), "-p", port(p.addr), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="}, more...)...)
		cmd.SysProcAttr, cmd.Dir = as, dir
		return cmd
	}
	admin, err := sql.Open("pgx", fmt.Sprintf("postgres://admin:%s@%s/postgres?sslmode=disable", secret, p.addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	p.admin, p.ready = admin, admin.Ping
	p.run()
	p.exec("CREATE TABLE outbox (id text PRIMARY KEY, created_at timestamptz NOT NULL, published_at timestamptz)",
		"CREATE INDEX ON outbox (created_at) WHERE published_at IS NULL",
		"INSERT INTO outbox VALUES ('e-1', now() - interval '1 hour', NULL), ('e-2', now() - interval '2 hours', now())",
		"CREATE ROLE watcher LOGIN PASSWORD '"+secret+"'", "GRANT SELECT ON outbox TO watcher")
	p.proxy = newProxy(t, p.name, p.addr)
	return p
}

func (p *postgres) data() string { return filepath.Join(p.dir, "db") }

func (p *postgres) exec(statements ...string) {
	p.t.Helper()
	run(p.t, p.admin, statements...)
}

// run runs statements, again where the connection is from before a fault.
func run(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// outbox adds what lostorder watches to its config.
func (p *postgres) outbox(c settings, url string) {
	c.add("databases", "name: postgres", fmt.Sprintf("url: %q", url), "statement_timeout: 1s", "connect_timeout: 1s")
	c.add("outboxes", "name: relay", "database: postgres", "table: outbox", "columns: {published_at: published_at}", "max_age: 10s", schedule())
}

func (p *postgres) url(addr string) string {
	return fmt.Sprintf("postgres://watcher:%s@%s/postgres", secret, addr)
}

// newMariaDB is a MariaDB with an order that is overdue and one that is not.
func newMariaDB(t *testing.T) *server {
	t.Helper()
	program, err := exec.LookPath("mariadbd")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/mariadbd"); err != nil {
			t.Fatal("there is no mariadbd: run test/parts/run --parts=mariadb go test …")
		}
	}
	dir, as := folder(t, "mysql")
	options := []string{"--no-defaults", "--datadir=" + filepath.Join(dir, "db"), "--tmpdir=" + dir}
	install := exec.Command("mariadb-install-db", append(options, "--auth-root-authentication-method=normal", "--force", "--skip-test-db")...)
	install.Dir, install.Env = dir, append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	finish(t, as, install)
	s := &server{t: t, name: "MariaDB", target: "orders/order", addr: freePort(t)}
	socket := filepath.Join(dir, "socket")
	s.command = func() *exec.Cmd {
		cmd := exec.Command(program, append(options, "--bind-address=127.0.0.1", "--port="+port(s.addr), "--socket="+socket, "--pid-file="+filepath.Join(dir, "pid"), "--skip-name-resolve")...)
		cmd.SysProcAttr, cmd.Dir = as, dir
		return cmd
	}
	settings := mysql.NewConfig()
	settings.User, settings.Net, settings.Addr, settings.Logger = "root", "unix", socket, &mysql.NopLogger{}
	admin, err := sql.Open("mysql", settings.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	s.ready = admin.Ping
	s.run()
	run(t, admin, "CREATE DATABASE shop", "CREATE TABLE shop.orders (id varchar(40) PRIMARY KEY, state varchar(40) NOT NULL, updated_at datetime(3) NOT NULL, KEY (state, updated_at))",
		fmt.Sprintf("INSERT INTO shop.orders VALUES ('o-1', 'placed', from_unixtime(%d)), ('o-2', 'paid', from_unixtime(%d))", time.Now().Add(-time.Hour).Unix(), time.Now().Unix()),
		"CREATE USER watcher@'%' IDENTIFIED BY '"+secret+"'", "GRANT SELECT ON shop.orders TO watcher@'%'")
	s.proxy = newProxy(t, s.name, s.addr)
	return s
}

func (s *server) orders(c settings) {
	c.add("databases", "name: mariadb", fmt.Sprintf("url: \"mariadb://watcher:%s@%s/shop\"", secret, s.proxy.Listen), "statement_timeout: 1s", "connect_timeout: 1s")
	c.add("lifecycles", "name: order", "source: {database: mariadb, table: orders}", "states: {placed: {max: 10s, next: [paid]}, paid: {}}", schedule())
}
